export interface ConnectionWatch {
  /** The longest time in milliseconds for which there was more than one connection. */
  longestOverlapMs(): number
  /** How often there was more than one. */
  overlaps(): number
  stop(): void
}

const EVERY_MS = 20

/** Looks again and again how many connections a server has. */
export function watchConnections(count: () => number): ConnectionWatch {
  let since: number | undefined
  let longest = 0
  let overlaps = 0
  function look(): void {
    if (count() <= 1) {
      since = undefined
      return
    }
    if (since === undefined) overlaps++
    since ??= performance.now()
    longest = Math.max(longest, performance.now() - since)
  }
  const timer = setInterval(look, EVERY_MS)
  return { longestOverlapMs: () => longest, overlaps: () => overlaps, stop: () => clearInterval(timer) }
}
