import { expect, type Page } from '@playwright/test'

const stoppedMs = 3_000

declare global {
  interface Window {
    /** Of a page that {@link stopTimers} has kept busy: when a timer of it ran last. */
    ranAt?: number
  }
}

/**
 * Has the browser stop the timers of a hidden page for a minute or so, as it does when they have used more of the
 * processor than a hidden page is allowed: in Chromium 1 % of the time, by the wall clock, so that on a busy machine any
 * page may come to that. Messages and scripts of a test still run in it. Showing it starts them.
 */
export async function stopTimers(page: Page): Promise<void> {
  await page.evaluate(overspend)
  // A hidden page begins to be charged 10 s after it was hidden.
  await expect
    .poll(() => page.evaluate(() => performance.now() - (window.ranAt ?? Infinity)), { timeout: 30_000 })
    .toBeGreaterThan(stoppedMs)
}

function overspend(): void {
  setTimeout(() => {
    const until = performance.now() + 1_000
    while (performance.now() < until);
    window.ranAt = performance.now()
    if (document.hidden) overspend()
  })
}
