import type { Browser } from '@playwright/test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { withBrowserSession } from '../e2e/workers.ts'
import { processesOf } from './processes.ts'

/**
 * Stops all of a browser for `ms` and lets it go on, as a machine does that sleeps: for the browser's code no time
 * passes, then both clocks (`Date` and `performance`) have jumped, and timers that became due fire once. Meanwhile the
 * server's packets are still received by the kernel, and DevTools calls wait.
 *
 * Resolves when the browser goes on. A process of its own sees to that, whatever becomes of the test.
 */
export async function clockJump(browser: Browser, ms: number): Promise<void> {
  const pids = (await processesOf(browser)).map(({ pid }) => String(pid))
  const script = 'kill -STOP "$@"; sleep "$0"; kill -CONT "$@"'
  const sleeping = spawn('sh', ['-c', script, String(ms / 1_000), ...pids], { detached: true, stdio: 'ignore' })
  await once(sleeping, 'exit')
  await withBrowserSession(browser, session => session.send('Browser.getVersion'))
}
