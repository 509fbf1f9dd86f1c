/** Tells the floor that somebody types: at the first key, then seldom, and once when they stop. */
export interface Typist {
  readonly typed: () => void
  readonly stopped: () => void
}

const REPEAT_MS = 2_000
const IDLE_MS = 3_000

export function createTypist(tell: (typing: boolean) => void, signal: AbortSignal): Typist {
  let toldAt: number | undefined
  let idle: ReturnType<typeof setTimeout> | undefined

  function stopped(): void {
    clearTimeout(idle)
    if (toldAt !== undefined) tell(false)
    toldAt = undefined
  }

  function typed(): void {
    clearTimeout(idle)
    idle = setTimeout(stopped, IDLE_MS)
    if (toldAt !== undefined && Date.now() - toldAt < REPEAT_MS) return
    toldAt = Date.now()
    tell(true)
  }

  signal.addEventListener('abort', () => clearTimeout(idle))
  return { typed, stopped }
}
