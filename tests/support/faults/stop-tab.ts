import type { Browser, Page } from '@playwright/test'
import { rendererOf } from '../e2e/cdp.ts'

/**
 * Stops the process that renders a tab, as a debugger does: nothing of the page runs, nor a worker that it has started,
 * and what is posted to them waits outside. Scripts of a test wait, too. Linux only.
 * @returns lets it go on; idempotent, and to be called before the browser closes
 */
export async function stopTab(browser: Browser, page: Page): Promise<() => void> {
  const pid = await rendererOf(browser, page)
  process.kill(pid, 'SIGSTOP')
  return () => process.kill(pid, 'SIGCONT')
}
