import { expect, type Browser, type Page } from '@playwright/test'
import { runIn } from '../e2e/cdp.ts'
import { findWorkerToEnd, withBrowserSession, type RunningWorker, type WorkerChoice } from '../e2e/workers.ts'
import { processesOf, threadsOf, type Thread } from './processes.ts'

const busyMs = 200

/** As Linux has them, which keeps 15 characters. */
const threadNames: Readonly<Record<RunningWorker['kind'], string>> = {
  shared: 'SharedWorker th',
  dedicated: 'DedicatedWorker',
}

/**
 * Kills the process in which a worker runs, as the system does when memory runs out, and closes what is left of the tabs
 * that were in it. That is the tab that started the worker, if it is still there, and seldom any other; the worker's
 * remaining tabs get no event. A worker that is opened in that very moment may be lost without an event, too.
 * @param matching chooses among several, which all have to answer then: by being busy the one shows where it runs
 * @returns the tabs that went with the process, closed
 */
export async function crashWorkerHost(browser: Browser, matching?: WorkerChoice): Promise<Page[]> {
  const pid = await workerHost(browser, matching)
  const crashed = await crashedDuring(browser, async () => {
    process.kill(pid, 'SIGKILL')
    // The browser tells of a crashed tab before it answers who is left.
    await expect.poll(() => isRunning(browser, pid), { intervals: [10] }).toBe(false)
  })
  await Promise.all(crashed.map(page => page.close()))
  return crashed
}

async function crashedDuring(browser: Browser, fault: () => Promise<void>): Promise<Page[]> {
  const crashed: Page[] = []
  const note = (page: Page) => crashed.push(page)
  const pages = browser.contexts().flatMap(context => context.pages())
  for (const page of pages) page.on('crash', note)
  await fault().finally(() => {
    for (const page of pages) page.off('crash', note)
  })
  return crashed
}

async function isRunning(browser: Browser, pid: number): Promise<boolean> {
  return (await processesOf(browser)).some(running => running.pid === pid)
}

/** DevTools do not tell where a worker runs, but its thread has a name. */
async function workerHost(browser: Browser, matching?: WorkerChoice): Promise<number> {
  const { kind } = await withBrowserSession(browser, session => findWorkerToEnd(session, matching))
  const before = await workerThreads(browser, kind)
  const [only, another] = before
  if (only === undefined) throw new Error('the worker has ended meanwhile')
  if (another === undefined) return only.pid
  await keepBusy(browser, matching)
  const spent = ({ tid, ticks }: Thread) => ticks - (before.find(thread => thread.tid === tid)?.ticks ?? 0)
  const [busiest = only] = (await workerThreads(browser, kind)).toSorted((a, b) => spent(b) - spent(a))
  return busiest.pid
}

async function workerThreads(browser: Browser, kind: RunningWorker['kind']): Promise<Thread[]> {
  const renderers = (await processesOf(browser)).filter(({ type }) => type === 'renderer')
  return (await Promise.all(renderers.map(({ pid }) => threadsOf(pid, threadNames[kind])))).flat()
}

async function keepBusy(browser: Browser, matching?: WorkerChoice): Promise<void> {
  const loop = `for (const until = performance.now() + ${busyMs}; performance.now() < until; );`
  if (!(await runIn(browser, loop, matching)))
    throw new Error('this worker hangs: of several, only one that answers can be found')
}
