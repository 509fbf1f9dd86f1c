/** Browsers keep a delay in 31 bits; a larger one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** What a timer can wait of this time: a whole number, rather a little late than early. Whoever waits for longer looks again. */
export function timerMs(ms: number): number {
  return Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(ms)))
}
