import type { Page } from '@playwright/test'
import { rendererOf } from '../support/e2e/cdp.ts'
import { SHARING_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { openTab, reached } from '../support/e2e/tab.ts'
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
