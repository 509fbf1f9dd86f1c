/** How often the broker is asked whether it is there. */
const TICK_MS = 700
/** Ticks that may pass without an answer. They are counted, not timed: after a sleep many are overdue and one comes. */
const MAX_MISSES = 4
/** An answer that takes longer is overdue for whoever wants to know now. */
const LATE_MS = 300

/**
 * Asks `ping` again and again until the signal aborts; calls `missed` whenever the answer is overdue, and `silent` once
 * when there was none for 3 s, or as much longer as the browser throttles a hidden tab. Returns a function that asks
 * at once, or calls `missed` where the answer is overdue by now.
 */
export function watch(
  ping: () => Promise<unknown>,
  missed: () => void,
  silent: () => void,
  signal: AbortSignal,
): () => void {
  let asked = false
  let askedAt = 0
  let misses = 0
  async function tick(): Promise<void> {
    if (asked) {
      if (++misses >= MAX_MISSES) return silent()
      return missed()
    }
    asked = true
    askedAt = performance.now()
    misses = 0
    // Whoever rejects ends the attachment, too.
    await ping().catch(() => {})
    asked = false
  }
  const timer = setInterval(tick, TICK_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
  return () => {
    if (!asked) void tick()
    else if (performance.now() - askedAt >= LATE_MS) missed()
  }
}
