import type { Page } from '@playwright/test'

/** Freezes a page as a browser does with one that has been hidden for long: no task of it runs. Returns the thaw. */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  return async () => {
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await session.detach()
  }
}
