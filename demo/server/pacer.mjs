/** Calls `step` so many times a second, spread over short ticks. */

const TICK_MS = 20
/** After a stall, this much is caught up and the rest is let go. */
const CATCH_UP_MS = 250

/**
 * @param {object} options
 * @param {number} options.perSecond 0 pauses
 * @param {(perSecond: number) => void} options.step
 */
export function createPacer({ perSecond: initial, step }) {
  let perSecond = initial
  let owed = 0
  let last = performance.now()

  function tick() {
    const now = performance.now()
    owed += (Math.min(now - last, CATCH_UP_MS) / 1000) * perSecond
    last = now
    for (; owed >= 1; owed--) step(perSecond)
  }

  const timer = setInterval(tick, TICK_MS)
  return {
    get perSecond() {
      return perSecond
    },
    /** @param {number} value */
    set perSecond(value) {
      perSecond = value
    },
    close: () => clearInterval(timer),
  }
}
