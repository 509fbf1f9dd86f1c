import type { Browser } from '@playwright/test'
import { findWorkerToEnd, withBrowserSession, type WorkerChoice } from '../e2e/workers.ts'

/**
 * Ends a SharedWorker, also one that hangs, and none of its tabs: nobody gets an event, its sockets are closed, and what
 * is posted to it is lost. The name can be used again at once, unless the test itself has attached to the worker.
 * A hanging one's thread lingers in its process for up to two seconds.
 * @param matching chooses among several
 */
export async function killBroker(browser: Browser, matching?: WorkerChoice): Promise<void> {
  await withBrowserSession(browser, async session => {
    const { targetId } = await findWorkerToEnd(session, matching)
    await session.send('Target.closeTarget', { targetId })
  })
}
