import type { Page } from '@playwright/test'

/**
 * Freezes a page as a browser does with one that has been hidden for long: no task of it runs, and what is posted to it
 * waits in its process. Scripts of a test still run in it. Showing, leaving or reloading it thaws it, too. It is hidden
 * from then on, and stays so after the thaw until it is shown.
 * @returns the thaw, which does nothing when the page is closed by then
 */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  return async () => {
    if (page.isClosed()) return
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await session.detach()
  }
}
