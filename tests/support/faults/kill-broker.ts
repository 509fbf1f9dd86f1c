import type { Browser } from '@playwright/test'
import { runIn } from '../e2e/cdp.ts'
import { findWorkerToEnd, withBrowserSession, type WorkerChoice } from '../e2e/workers.ts'

/**
 * Ends a worker and none of its tabs: nobody gets an event, its sockets are closed, and what is posted to it is lost.
 *
 * A SharedWorker is ended also when it hangs; its thread lingers in its process for up to two seconds then. Its name can
 * be used again at once, unless the test itself has attached to the worker. A dedicated worker ends itself, which one
 * that hangs cannot do.
 * @param matching chooses among several
 */
export async function killBroker(browser: Browser, matching?: WorkerChoice): Promise<void> {
  await withBrowserSession(browser, async session => {
    const { targetId, kind } = await findWorkerToEnd(session, matching)
    if (kind === 'shared') await session.send('Target.closeTarget', { targetId })
    else if (!(await runIn(browser, 'close()', running => running.targetId === targetId)))
      throw new Error('this dedicated worker hangs: only its tab can end it')
  })
}
