import type { Page } from '@playwright/test'

/**
 * Reloads the only tab of an app: for a moment its worker has no tab, so Chromium ends it and starts another one under
 * the same name (it keeps the worker with `extendedLifetime`). Resolves when the page has loaded.
 * @throws when another tab of this origin is open, which would keep the worker
 */
export async function reloadOnlyTab(page: Page): Promise<void> {
  const { origin } = new URL(page.url())
  const tabs = page.context().pages()
  const others = tabs.filter(other => other !== page && other.url().startsWith(origin))
  if (others.length > 0) throw new Error(`${others.length} more tabs of ${origin} are open`)
  await page.reload()
}
