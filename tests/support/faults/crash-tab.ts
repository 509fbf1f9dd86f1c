import type { Page } from '@playwright/test'

/**
 * Crashes the process that renders a tab, also when the page is frozen or busy, and closes what is left of the tab. No
 * `pagehide` runs; the page's locks are released. A SharedWorker that runs in that process dies with it: it runs in the
 * process of the tab that started it, and stays there when that tab has gone and another one needs it.
 */
export async function crashTab(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // Never answered: the process that would answer is gone.
  session.send('Page.crash').catch(() => undefined)
  await crashed
  await page.close()
}
