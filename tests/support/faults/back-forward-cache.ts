import { expect, type Page } from '@playwright/test'

declare global {
  interface Window {
    /** Of a page that was left by {@link intoCache}: whether it was restored, once it is shown again. */
    comeback?: Promise<boolean>
  }
}

/** What a browser did with a page that was left. */
export type Comeback =
  | { readonly persisted: true }
  /** Loaded anew; the browser's reasons, such as `sharedworker-message`. */
  | { readonly persisted: false; readonly reasons: readonly string[] }

/** As far as needed of https://developer.mozilla.org/en-US/docs/Web/API/NotRestoredReasons */
interface NotRestoredReasons {
  readonly reasons: readonly { readonly reason: string }[] | null
}

/**
 * Leaves a page for another one in the same tab, so that it goes to the back/forward cache if the browser may keep it
 * there. Only the `real` browser has such a cache.
 */
export async function intoCache(page: Page, elsewhere = 'about:blank'): Promise<void> {
  await page.evaluate(() => {
    window.comeback = new Promise(resolve =>
      addEventListener('pageshow', ({ persisted }) => resolve(persisted), { once: true }),
    )
  })
  await page.goto(elsewhere)
}

/** Goes back to the page that was left, and tells whether it is the same one or was loaded anew. */
export async function outOfCache(page: Page): Promise<Comeback> {
  const away = page.url()
  // By script: `page.goBack()` waits for a load that a restored page does not have.
  await page.evaluate(() => void setTimeout(() => history.back()))
  await expect.poll(() => page.evaluate(hasLeft, away).catch(() => false)).toBe(true)
  return page.evaluate(comeback)
}

function hasLeft(away: string): boolean {
  return location.href !== away && document.readyState === 'complete'
}

async function comeback(): Promise<Comeback> {
  if (await window.comeback) return { persisted: true }
  const [navigation] = performance.getEntriesByType('navigation')
  const { notRestoredReasons } = navigation as unknown as { notRestoredReasons?: NotRestoredReasons | null }
  return { persisted: false, reasons: notRestoredReasons?.reasons?.map(({ reason }) => reason) ?? [] }
}
