import type { Page } from '@playwright/test'
import { ALL_HOSTS } from '../support/e2e/all-hosts.ts'
import { runIn } from '../support/e2e/cdp.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { brokersOf, expectUnbroken, ledgerOf, numbersIn, openTab, reached, verdictsIn } from '../support/e2e/tab.ts'
import { clockJump } from '../support/faults/clock-jump.ts'
import { crashWorkerHost } from '../support/faults/crash-worker-host.ts'
import { hangBroker } from '../support/faults/hang-broker.ts'
import { killBroker } from '../support/faults/kill-broker.ts'
import { noProcesses } from '../support/faults/processes.ts'
import { startProxy } from '../support/faults/proxy.ts'
import { stopTimers } from '../support/faults/stop-timers.ts'

/** A visible tab notices within 4 s, and the broker is replaced within 2 s more. */
const NOTICED_MS = 4_000
const REPLACED_MS = 2_000

for (const { host, connectionsOf, noWorker } of ALL_HOSTS)
  test.describe(`with the broker on host ${host}`, () => {
    test.describe('a broker that is killed', () => {
      test.skip(noWorker !== undefined, noWorker)
      test('is noticed and replaced in every tab, and what the server sent meanwhile arrives once and in order', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        const server = await serve()
        const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 5)
        const ticking = setInterval(() => server.tick('orders'), 10)
        // Long enough for every tab to have been told up to where it has everything.
        for (const tab of tabs) await reachedAtLeast(tab, 100)
        await watchLoss(tabs)
        const at = Date.now()
        await killBroker(browser)
        await expectReplaced(tabs, at)
        await expect.poll(async () => (await brokersOf(tabs)).size).toBe(1)
        clearInterval(ticking)
        const last = server.tick('orders')
        for (const tab of tabs) {
          await reached(tab, last)
          const ledger = await ledgerOf(tab)
          expectUnbroken(numbersIn(ledger))
          expect(verdictsIn(ledger)).toEqual([{ verdict: 'recovered' }])
        }
        expect(server.connections()).toBe(1)
        expect(server.peakConnections()).toBe(1)
      })

      test('is replaced as soon in a hidden tab whose timers the browser has stopped', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        test.setTimeout(60_000)
        const server = await serve()
        const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 3)
        await stopTimers(tabs[1] as Page)
        await watchLoss(tabs)
        const at = Date.now()
        await killBroker(browser)
        await expectReplaced(tabs, at)
      })

      test('with the process of the tab that started it, is replaced in the others', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        test.skip(noProcesses !== undefined, noProcesses)
        const server = await serve()
        const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 4)
        const ticking = setInterval(() => server.tick('orders'), 10)
        for (const tab of tabs) await reachedAtLeast(tab, 100)
        const [before = ''] = await brokersOf(tabs)
        const gone = await crashWorkerHost(browser)
        const left = tabs.filter(tab => !gone.includes(tab))
        expect(left.length).toBeGreaterThan(0)
        await expect.poll(() => haveAnother(left, before), { timeout: NOTICED_MS + REPLACED_MS }).toBe(true)
        clearInterval(ticking)
        const last = server.tick('orders')
        for (const tab of left) {
          await reached(tab, last)
          expectUnbroken(numbersIn(await ledgerOf(tab)))
        }
        expect(server.connections()).toBe(1)
      })

      test('gives what it was asked to send and had not sent to the next one', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        const server = await serve()
        const tab = await openTab(context, { appUrl, server: server.url, host })
        await openTab(context, { appUrl, server: server.url, host })
        await killBroker(browser)
        // Nobody has noticed yet.
        const outcomes = await tab.evaluate(() =>
          Promise.all(
            [1, 2, 3].map(async n => (await (await window.line.channel('orders').publish('say', n)).settled).outcome),
          ),
        )
        expect(outcomes).toEqual(['acknowledged', 'acknowledged', 'acknowledged'])
        expect(server.published).toEqual([1, 2, 3].map(payload => ({ event: 'orders:say', payload })))
      })
    })

    test.describe('a broker that hangs', () => {
      test.skip(noWorker !== undefined, noWorker)
      test('is noticed and replaced, and its connection goes when it wakes up or its tab ends it', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        const server = await serve()
        const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 4)
        const ticking = setInterval(() => server.tick('orders'), 10)
        for (const tab of tabs) await reachedAtLeast(tab, 10)
        await watchLoss(tabs)
        const at = Date.now()
        await hangBroker(browser, 8_000)
        await expectReplaced(tabs, at)
        expect(server.connections()).toBe(2)
        // The old one is awake, and hears of the new one; on `elected` its tab has ended it, which takes 2 to 3 s.
        await expect.poll(() => server.connections(), { timeout: 8_000 }).toBe(1)
        expect(await generationsOf(tabs)).toEqual(tabs.map(() => 2))
        clearInterval(ticking)
        const last = server.tick('orders')
        for (const tab of tabs) {
          await reached(tab, last)
          const ledger = await ledgerOf(tab)
          // The server still held the old session, so nobody could know what was missed.
          expect(verdictsIn(ledger)).toEqual([{ verdict: 'unknown' }])
          const numbers = numbersIn(ledger)
          expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
        }
      })

      test('for good, in an endless loop, is replaced as well, and a message asked of it is sent once', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        const server = await serve()
        const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 2)
        await runIn(browser, 'setTimeout(() => { for (;;); })')
        const at = Date.now()
        const outcome = await tabs[0]?.evaluate(
          async () => (await (await window.line.channel('orders').publish('say', 1)).settled).outcome,
        )
        expect(outcome).toBe('acknowledged')
        expect(Date.now() - at).toBeLessThan(NOTICED_MS + REPLACED_MS)
        await expect.poll(() => generationsOf(tabs)).toEqual([2, 2])
        expect(server.published).toHaveLength(1)
      })

      test('and what was asked of it meanwhile is not sent twice when it wakes up', async ({
        real: { browser, context },
        appUrl,
        serve,
      }) => {
        const server = await serve()
        const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 2)
        await hangBroker(browser, 6_000)
        const outcome = await tabs[0]?.evaluate(
          async () => (await (await window.line.channel('orders').publish('say', 1)).settled).outcome,
        )
        expect(outcome).toBe('acknowledged')
        expect(server.connections()).toBe(2)
        await expect.poll(() => server.connections(), { timeout: 8_000 }).toBe(1)
        expect(server.published).toHaveLength(1)
      })
    })

    test('after a sleep of the machine nobody is taken for dead, tab or broker', async ({
      real: { browser, context },
      appUrl,
      serve,
    }) => {
      test.skip(noProcesses !== undefined, noProcesses)
      const server = await serve()
      const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }), 4)
      const before = await brokersOf(tabs)
      await clockJump(browser, 10_000)
      const last = server.tick('orders')
      for (const tab of tabs) await reached(tab, last)
      expect(await brokersOf(tabs)).toEqual(before)
      const { sessions } = await (tabs[0] as Page).evaluate(() => window.line.stats())
      expect(sessions).toMatchObject({ attached: 4 / connectionsOf(4), detachedDead: 0 })
      for (const tab of tabs)
        expect(verdictsIn(await ledgerOf(tab)).filter(({ verdict }) => verdict !== 'recovered')).toEqual([])
    })

    test('a connection that has gone silent is given up and replaced', async ({ real: { context }, appUrl, serve }) => {
      const server = await serve({ pingIntervalMs: 400, pingTimeoutMs: 400 })
      const proxy = await startProxy(server.port)
      try {
        const tab = await openTab(context, { appUrl, server: proxy.url, host })
        await reached(tab, server.tick('orders'))
        proxy.swallow()
        await expect.poll(() => tab.evaluate(() => window.line.status)).not.toBe('open')
        const missed = server.tick('orders')
        proxy.heal()
        await reached(tab, missed)
        expect(verdictsIn(await ledgerOf(tab))).toEqual([{ verdict: 'recovered' }])
        expectUnbroken(numbersIn(await ledgerOf(tab)))
        await expect.poll(() => server.connections()).toBe(1)
      } finally {
        await proxy.close()
      }
    })
  })

async function openTabs(open: () => Promise<Page>, count: number): Promise<Page[]> {
  const tabs: Page[] = []
  while (tabs.length < count) tabs.push(await open())
  return tabs
}

/** To be called after the fault; `at` is when it came. The tab that was opened last is the visible one. */
async function expectReplaced(tabs: readonly Page[], at: number): Promise<void> {
  const [visible] = tabs.slice(-1)
  const noticedAt = await visible?.evaluate(() => (window as unknown as { noticed: Promise<number> }).noticed)
  if (noticedAt === undefined) throw new Error('there is no tab')
  await expect
    .poll(() => Promise.all(tabs.map(isOpenAtSecond)), { intervals: [20], timeout: REPLACED_MS + 1_000 })
    .toEqual(tabs.map(() => true))
  const openAt = Date.now()
  test.info().annotations.push({
    type: 'figure',
    description: `noticed after ${noticedAt - at} ms, open in all tabs ${openAt - noticedAt} ms later`,
  })
  expect(noticedAt - at).toBeLessThan(NOTICED_MS)
  expect(openAt - noticedAt).toBeLessThan(REPLACED_MS)
}

function isOpenAtSecond(tab: Page): Promise<boolean> {
  return tab.evaluate(async () => {
    const { generation } = await window.line.stats().catch(() => ({ generation: undefined }))
    return generation === 2 && window.line.status === 'open'
  })
}

/** Writes down when the visible tab gives its broker up. */
async function watchLoss(tabs: readonly Page[]): Promise<void> {
  const [visible] = tabs.slice(-1)
  await visible?.evaluate(() => {
    const noticed = new Promise<number>(resolve => {
      window.line.on('status', ({ status }) => status === 'offline' && resolve(Date.now()))
    })
    Object.assign(window, { noticed })
  })
}

function generationsOf(tabs: readonly Page[]): Promise<(number | undefined)[]> {
  return Promise.all(
    tabs.map(tab =>
      tab.evaluate(() =>
        window.line.stats().then(
          ({ generation }) => generation,
          () => undefined,
        ),
      ),
    ),
  )
}

/** All of them the same one. */
async function haveAnother(tabs: readonly Page[], before: string): Promise<boolean> {
  const brokers = await brokersOf(tabs)
  return brokers.size === 1 && !brokers.has(before)
}

async function reachedAtLeast(tab: Page, n: number): Promise<void> {
  await expect
    .poll(() => tab.evaluate(() => window.ledger.findLast(entry => entry.kind === 'event')?.n))
    .toBeGreaterThanOrEqual(n)
}
