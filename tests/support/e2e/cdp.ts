import type { Browser, CDPSession, Page } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { findWorker, type WorkerChoice } from './workers.ts'

const answerMs = 1_000

/** The DevTools protocol of a worker, which Playwright has no object for. */
export interface WorkerSession {
  send(method: string, params?: object): Promise<unknown>
  detach(): Promise<void>
}

/**
 * Attaches to the one worker that runs in this browser, or to the one of several that `matching` chooses. Detach before
 * a SharedWorker ends, or its name may be of no use any more: see `findWorkerToEnd`.
 */
export async function attachToWorker(browser: Browser, matching?: WorkerChoice): Promise<WorkerSession> {
  const session = await browser.newBrowserCDPSession()
  const { sessionId } = await findWorker(session, matching)
    .then(({ targetId }) => session.send('Target.attachToTarget', { targetId, flatten: false }))
    .catch(async (error: unknown) => {
      await session.detach()
      throw error
    })
  const waiting = new Map<number, (result: unknown) => void>()
  session.on('Target.receivedMessageFromTarget', event => {
    if (event.sessionId !== sessionId) return
    const { id, result } = JSON.parse(event.message) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let lastId = 0
  return {
    async send(method, params = {}) {
      const id = ++lastId
      const answered = new Promise(resolve => waiting.set(id, resolve))
      await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
      return answered
    },
    detach: () => session.detach(),
  }
}

/**
 * Runs a script in a worker, which is found as by {@link attachToWorker}. Resolves when it has run, or with `false` when
 * the worker hangs and what it was sent is dropped.
 */
export async function runIn(browser: Browser, expression: string, matching?: WorkerChoice): Promise<boolean> {
  const worker = await attachToWorker(browser, matching)
  const ran = worker.send('Runtime.evaluate', { expression }).then(() => true)
  const answered = await Promise.race([ran, new Promise<false>(resolve => setTimeout(resolve, answerMs, false))])
  await worker.detach()
  return answered
}

/** Bytes that the worker's JavaScript keeps alive, buffers included. */
export async function liveBytes(worker: WorkerSession): Promise<number> {
  await worker.send('HeapProfiler.collectGarbage')
  const usage = (await worker.send('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize: number }
  return usage.usedSize + usage.backingStorageSize
}

/** The process that renders a page, found by making the page busy. Linux only. */
export async function rendererOf(browser: Browser, page: Page): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const before = await cpuTimes(session)
  await page.evaluate(() => {
    const until = performance.now() + 400
    while (performance.now() < until);
  })
  const after = await cpuTimes(session)
  await session.detach()
  const spent = Array.from(after, ([pid, time]) => ({ pid, time: time - (before.get(pid) ?? 0) }))
  return spent.toSorted((a, b) => b.time - a.time)[0]?.pid ?? 0
}

async function cpuTimes(session: CDPSession): Promise<Map<number, number>> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]))
}

/** Private memory of a process in bytes. Linux only. */
export async function privateBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
