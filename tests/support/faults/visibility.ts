import { expect, type Page } from '@playwright/test'

const blank = 'about:blank'

/**
 * Hides a tab behind another one of its window, a blank one where no other is given: all tabs of the app are hidden
 * then. On the `real` browser `document.hidden` changes, also of a frozen page, and timers are throttled to one a second.
 * @throws on a browser that Playwright launches, which keeps every page visible
 */
export async function hide(page: Page, behind?: Page): Promise<void> {
  await (behind ?? (await blankTabBeside(page))).bringToFront()
  await expect.poll(() => isHidden(page)).toBe(true)
}

/** Shows a tab, which hides the one that was shown. A frozen one thaws. */
export async function show(page: Page): Promise<void> {
  // One that was frozen in front is hidden there, and to bring it to the front again would change nothing.
  await (await blankTabBeside(page)).bringToFront()
  await page.bringToFront()
  await expect.poll(() => isHidden(page)).toBe(false)
}

function isHidden(page: Page): Promise<boolean> {
  return page.evaluate(() => document.hidden)
}

async function blankTabBeside(page: Page): Promise<Page> {
  const tabs = page.context().pages()
  return tabs.find(tab => tab !== page && tab.url() === blank) ?? (await page.context().newPage())
}
