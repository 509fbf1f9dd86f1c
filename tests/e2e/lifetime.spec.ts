import type { Page } from '@playwright/test'
import { SHARING_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { hangBroker } from '../support/faults/hang-broker.ts'
import { brokersOf, joined, ledgerOf, numbersIn, openTab, reached, verdictsIn } from '../support/e2e/tab.ts'

test('a reload of the only tab keeps the broker and the connection, where the browser has extendedLifetime', async ({
  real: { context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const tab = await openTab(context, { appUrl, server: server.url })
  const [before] = await brokersOf([tab])
  await tab.reload()
  await joined(tab)
  expect([...(await brokersOf([tab]))]).toEqual([before])
  await reached(tab, server.tick('orders'))
  expect(server.joins).toEqual(['orders'])
  expect(server.peakConnections()).toBe(1)
})

test('without extendedLifetime a reload of the only tab makes a broker and a connection, and hears nothing of before', async ({
  real: { context },
  appUrl,
  serve,
}) => {
  await context.addInitScript(() => {
    window.SharedWorker = class extends SharedWorker {
      constructor(url: string | URL, options?: string | WorkerOptions) {
        super(url, { ...(options as WorkerOptions), extendedLifetime: false } as WorkerOptions)
      }
    }
  })
  const server = await serve()
  const tab = await openTab(context, { appUrl, server: server.url })
  const before = await brokersOf([tab])
  await reached(tab, server.tick('orders'))
  await tab.reload()
  await joined(tab)
  expect(await brokersOf([tab])).not.toEqual(before)
  const last = server.tick('orders')
  await reached(tab, last)
  const ledger = await ledgerOf(tab)
  expect(numbersIn(ledger)).toEqual([last])
  expect(verdictsIn(ledger)).toEqual([])
  expect(server.joins).toEqual(['orders', 'orders'])
  await expect.poll(() => server.connections()).toBe(1)
})

test('a broker that hangs is replaced after a reload of the only tab as soon as in one that stays', async ({
  real: { browser, context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const tab = await openTab(context, { appUrl, server: server.url })
  await hangBroker(browser, 8_000)
  await tab.reload()
  await expect.poll(() => tab.evaluate(() => window.line.channel('orders').state), { timeout: 6_000 }).toBe('joined')
  await reached(tab, server.tick('orders'))
  const { generation } = await tab.evaluate(() => window.line.stats())
  expect(generation).toBe(2)
  await expect.poll(() => server.connections(), { timeout: 8_000 }).toBe(1)
})

for (const { host } of SHARING_HOSTS)
  test.describe(`with the broker on host ${host}`, () => {
    test('a closed tab is noticed within 200 ms', async ({ real: { context }, appUrl, serve }) => {
      const server = await serve()
      const stays = await openTab(context, { appUrl, server: server.url, host })
      const closes = await openTab(context, { appUrl, server: server.url, host })
      await watchAttached(stays, 1)
      const at = Date.now()
      await closes.close()
      expect((await noticedAt(stays)) - at).toBeLessThan(200)
    })

    test('a crashed tab is noticed within 5 s', async ({ real: { context }, appUrl, serve }) => {
      const server = await serve()
      const stays = await openTab(context, { appUrl, server: server.url, host })
      const crashes = await openTab(context, { appUrl, server: server.url, host })
      await watchAttached(stays, 1)
      const session = await context.newCDPSession(crashes)
      const at = Date.now()
      // Never answered: the page that would answer is gone.
      session.send('Page.crash').catch(() => undefined)
      expect((await noticedAt(stays)) - at).toBeLessThan(5_000)
      await reached(stays, server.tick('orders'))
      expect(verdictsIn(await ledgerOf(stays))).toEqual([])
      expect(numbersIn(await ledgerOf(stays))).toEqual([1])
    })
  })

/** Writes down when the broker first counts so many tabs. */
function watchAttached(tab: Page, attached: number): Promise<void> {
  return tab.evaluate(wanted => {
    const noticed = new Promise<number>(resolve => {
      const look = async (): Promise<void> => {
        const { sessions } = await window.line.stats()
        if (sessions.attached === wanted) resolve(Date.now())
        else setTimeout(() => void look(), 5)
      }
      void look()
    })
    Object.assign(window, { noticed })
  }, attached)
}

function noticedAt(tab: Page): Promise<number> {
  return tab.evaluate(() => (window as unknown as { noticed: Promise<number> }).noticed)
}
