import type { Page } from '@playwright/test'
import { ALL_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { openTab, tabUrl } from '../support/e2e/tab.ts'

for (const { host } of ALL_HOSTS)
  test.describe(`on host ${host}`, () => {
    test('what tabs write while the server is down waits, also over a reload, and is sent once and in order', async ({
      context,
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host }
      const tabs = [await openTab(context, options), await openTab(context, options)] as const
      await server.close()
      for (const tab of tabs) await tab.waitForFunction(() => window.line.status === 'offline')
      for (const [index, tab] of tabs.entries()) await write(tab, `lane ${index}`, 10)
      expect(await counts(tabs[0])).toMatchObject({ waiting: 20, dead: 0 })
      await tabs[1].reload()
      const settled = watchOutcomes(tabs[0], 'lane 0', 10)

      const again = await serve({ port: server.port })
      for (const tab of tabs) await expect.poll(() => counts(tab)).toMatchObject({ waiting: 0, dead: 0, bytes: 0 })
      for (const lane of ['lane 0', 'lane 1'])
        expect(again.published.filter(({ payload }) => (payload as { lane: string }).lane === lane)).toEqual(
          Array.from({ length: lane === 'lane 0' ? 20 : 10 }, (_, n) => ({
            event: 'orders:say',
            payload: { lane, n },
          })),
        )
      expect(await settled).toEqual(Array.from({ length: 10 }, () => 'acknowledged'))
    })

    test('what is left when all tabs are closed is sent at the next start', async ({ context, appUrl, serve }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host }
      const tab = await openTab(context, options)
      await server.close()
      await tab.waitForFunction(() => window.line.status === 'offline')
      await write(tab, 'lane', 5)
      await tab.close()
      const again = await serve({ port: server.port })
      const later = await context.newPage()
      // It listens to nothing: what waits is reason enough to connect.
      await later.goto(tabUrl({ ...options, channels: 'nothing' }))
      await expect
        .poll(() => again.published.map(({ payload }) => (payload as { n: number }).n))
        .toEqual([0, 1, 2, 3, 4])
      await expect.poll(() => counts(later)).toMatchObject({ waiting: 0 })
    })

    test('what the server refuses is a dead letter, which can be sent again or dropped', async ({
      context,
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const tab = await openTab(context, { appUrl, server: server.url, host })
      const outcomes = await tab.evaluate(async () => {
        const orders = window.line.channel('orders')
        const receipts = [
          await orders.publish('fail', 1),
          await orders.publish('say', 2),
          await orders.publish('fail', 3),
        ]
        return Promise.all(receipts.map(async ({ settled }) => (await settled).outcome))
      })
      expect(outcomes).toEqual(['rejected', 'acknowledged', 'rejected'])
      const dead = await tab.evaluate(() => window.line.outbox.list({ state: 'dead' }))
      expect(dead).toMatchObject([
        { lane: 'orders', body: { event: 'fail', payload: 1 }, died: { why: 'rejected', error: { code: 'rejected' } } },
        { lane: 'orders', body: { event: 'fail', payload: 3 } },
      ])
      const keys = dead.map(({ key }) => key)
      expect(await tab.evaluate(all => window.line.outbox.drop(...all.slice(0, 1)), keys)).toEqual(keys.slice(0, 1))
      expect(await tab.evaluate(all => window.line.outbox.retry(...all), keys)).toEqual(keys.slice(1))
      await expect.poll(() => server.published.map(({ payload }) => payload)).toEqual([1, 2, 3, 3])
      await expect.poll(() => counts(tab)).toMatchObject({ waiting: 0, dead: 1 })
    })
  })

function write(tab: Page, lane: string, count: number): Promise<void> {
  return tab.evaluate(
    async ([name, many]) => {
      const orders = window.line.channel('orders')
      for (let n = 0; n < many; n++) await orders.publish('say', { lane: name, n }, { lane: name })
    },
    [lane, count] as const,
  )
}

/** Publishes as many more, and tells what becomes of each. */
function watchOutcomes(tab: Page, lane: string, count: number): Promise<string[]> {
  return tab.evaluate(
    async ([name, many]) => {
      const orders = window.line.channel('orders')
      const receipts = Array.from({ length: many }, (_, n) =>
        orders.publish('say', { lane: name, n: many + n }, { lane: name }),
      )
      return Promise.all(receipts.map(async receipt => (await (await receipt).settled).outcome))
    },
    [lane, count] as const,
  )
}

function counts(tab: Page): Promise<unknown> {
  return tab.evaluate(() => window.line.outbox.counts().catch(() => undefined))
}
