import type { Page } from '@playwright/test'
import { rendererOf } from '../support/e2e/cdp.ts'
import { SHARING_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { eventually, openTab, reached } from '../support/e2e/tab.ts'
import { freeze } from '../support/faults/freeze.ts'
import { noProcesses } from '../support/faults/processes.ts'
import { hide, show } from '../support/faults/visibility.ts'

for (const { host } of SHARING_HOSTS)
  test.describe(`with the broker on host ${host}`, () => {
    test('each event comes to exactly one tab: the visible one that had the focus last', async ({
      real: { context },
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const tabs = await openTakers(context, { appUrl, server: server.url, host })
      const [first, second] = tabs
      if (first === undefined || second === undefined) throw new Error('there are two tabs')
      await show(first)
      const one = server.tick('orders')
      await Promise.all(tabs.map(tab => reached(tab, one)))
      await show(second)
      const two = server.tick('orders')
      await Promise.all(tabs.map(tab => reached(tab, two)))
      await expect.poll(() => Promise.all(tabs.map(takenBy))).toEqual([[one], [two], []])
    })

    test('what a tab has not acknowledged when it dies goes to another one', async ({
      real: { browser, context },
      appUrl,
      serve,
    }) => {
      test.skip(noProcesses !== undefined, noProcesses)
      const server = await serve()
      // In whose process the worker runs.
      await openTab(context, { appUrl, server: server.url, host })
      const [first, second] = await openTakers(context, { appUrl, server: server.url, host }, 2)
      if (first === undefined || second === undefined) throw new Error('there are two tabs')
      await show(first)
      const handled = server.tick('orders')
      await expect.poll(() => takenBy(first)).toEqual([handled])
      const pid = await rendererOf(browser, first)
      // Busy, so that what comes now stays unacknowledged until it dies.
      await first.evaluate(
        () =>
          void setTimeout(() => {
            for (;;);
          }),
      )
      const unhandled = [server.tick('orders'), server.tick('orders')]
      await reached(second, unhandled[1] ?? 0)
      expect(await takenBy(second)).toEqual([])
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => takenBy(second), { timeout: 5_000 }).toEqual(unhandled)
    })

    test('a frozen tab is passed over, and gives back what it has not handled', async ({
      real: { context },
      appUrl,
      serve,
    }) => {
      const server = await serve()
      // In whose process the worker runs.
      await openTab(context, { appUrl, server: server.url, host })
      const [first, second] = await openTakers(context, { appUrl, server: server.url, host }, 2)
      if (first === undefined || second === undefined) throw new Error('there are two tabs')
      // Both are hidden behind this one, and the first had the focus last.
      await show(first)
      await hide(first)
      const thaw = await freeze(first)
      const n = server.tick('orders')
      await expect.poll(() => takenBy(second)).toEqual([n])
      await thaw()
      await reached(first, n)
      expect(await takenBy(first)).toEqual([])
    })
  })

test.describe('when the visible tab that takes them leaves, and with it the broker that it runs', () => {
  const ROUNDS = 2
  const leavings: readonly (readonly [string, (tab: Page) => Promise<unknown>])[] = [
    ['is closed', tab => tab.close()],
    ['goes into the back/forward cache', tab => tab.goto('about:blank')],
    ['closes its line', tab => tab.evaluate(() => window.line.close())],
  ]
  for (const [how, leave] of leavings)
    test(`each event is handled exactly once: it ${how}`, async ({ real: { context }, appUrl, serve }) => {
      for (let round = 0; round < ROUNDS; round++) {
        const server = await serve()
        const tabs = await openTakers(context, { appUrl, server: server.url, host: 'elected' })
        const [leader, , witness] = tabs
        if (leader === undefined || witness === undefined) throw new Error('there are three tabs')
        expect(leader.workers()).toHaveLength(1)
        await Promise.all(tabs.map(tellOthers))
        const takenByAll = (): Promise<number[]> =>
          witness.evaluate(() => (window as unknown as { takenByAll: number[] }).takenByAll)
        const takenUpTo = (n: number) =>
          eventually(async () => (await takenByAll()).some(taken => taken >= n)).toBe(true)
        await show(leader)
        const ticking = setInterval(() => server.tick('orders'), 20)
        // Long enough for every tab to have been told up to where it has everything.
        await takenUpTo(150)
        expect((await takenBy(leader)).length).toBeGreaterThanOrEqual(150)
        await leave(leader)
        await takenUpTo(200)
        clearInterval(ticking)
        const last = server.tick('orders')
        await takenUpTo(last)
        expect((await takenByAll()).toSorted((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, i) => i + 1))
        for (const tab of tabs) await tab.close()
      }
    })
})

/** From now on each tab also notes what the others take, at once: one that leaves cannot be asked afterwards. */
async function tellOthers(tab: Page): Promise<void> {
  await tab.evaluate(() => {
    const takenByAll: number[] = []
    Object.assign(window, { takenByAll })
    const others = new BroadcastChannel('taken')
    others.addEventListener('message', ({ data }) => takenByAll.push(data as number))
    window.line.channel('orders').on(
      'tick',
      payload => {
        const { n } = payload as { n: number }
        takenByAll.push(n)
        others.postMessage(n)
      },
      { deliver: 'one' },
    )
  })
}

async function openTakers(
  context: Parameters<typeof openTab>[0],
  options: Parameters<typeof openTab>[1],
  count = 3,
): Promise<Page[]> {
  const tabs: Page[] = []
  while (tabs.length < count) {
    const tab = await openTab(context, options)
    await tab.evaluate(() => {
      const taken: number[] = []
      Object.assign(window, { taken })
      window.line.channel('orders').on('tick', payload => taken.push((payload as { n: number }).n), { deliver: 'one' })
    })
    tabs.push(tab)
  }
  return tabs
}

function takenBy(tab: Page): Promise<number[]> {
  return tab.evaluate(() => (window as unknown as { taken: number[] }).taken)
}
