import { fullJitter } from '../../lib/index.ts'

interface Pause {
  readonly until: number
  readonly failures: number
  /** The network was missing: when it is back there is no need to wait. */
  readonly isForNetwork: boolean
}

export interface PausesDeps {
  now(): number
  random(): number
}

const BACKOFF = { baseMs: 1_000, maxMs: 60_000 }

/** Which lanes have failed, and until when nothing of them is sent. In memory: a worker that starts anew tries at once. */
export class Pauses {
  readonly #deps: PausesDeps
  readonly #pauses = new Map<string, Pause>()

  constructor(deps: PausesDeps) {
    this.#deps = deps
  }

  /** Something waits because there was no network. */
  get awaitNetwork(): boolean {
    return [...this.#pauses.values()].some(({ isForNetwork }) => isForNetwork)
  }

  has(lane: string): boolean {
    return (this.#pauses.get(lane)?.until ?? 0) > this.#deps.now()
  }

  failed(lane: string, cause: { readonly retryAfterMs?: number | undefined; readonly isForNetwork?: boolean }): void {
    const failures = (this.#pauses.get(lane)?.failures ?? 0) + 1
    const { retryAfterMs = fullJitter(failures, this.#deps.random(), BACKOFF), isForNetwork = false } = cause
    this.#pauses.set(lane, { until: this.#deps.now() + retryAfterMs, failures, isForNetwork })
  }

  worked(lane: string): void {
    this.#pauses.delete(lane)
  }

  /** The network seems to be back. */
  endThoseForNetwork(): void {
    for (const [lane, pause] of this.#pauses) if (pause.isForNetwork) this.#pauses.set(lane, { ...pause, until: 0 })
  }

  /** How long the next lane that is paused has to wait; `undefined` when none is. */
  nextMs(): number | undefined {
    const now = this.#deps.now()
    const waits = [...this.#pauses.values()].map(({ until }) => until - now).filter(ms => ms > 0)
    return waits.length === 0 ? undefined : Math.min(...waits)
  }
}
