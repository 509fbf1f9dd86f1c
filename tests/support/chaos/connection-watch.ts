export interface ConnectionWatch {
  /** The longest time in milliseconds for which there were too many connections. */
  longestOverlapMs(): number
  /** How often there were. */
  overlaps(): number
  stop(): void
}

const EVERY_MS = 20

/** Looks again and again whether a server has more connections than `allowed`. */
export function watchConnections(count: () => number, allowed: number): ConnectionWatch {
  let since: number | undefined
  let longest = 0
  let overlaps = 0
  function look(): void {
    if (count() <= allowed) {
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
