import type { Page } from '@playwright/test'
import { ALL_HOSTS, type HostUnderTest } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import {
  brokersOf,
  expectUnbroken,
  joined,
  ledgerOf,
  numbersIn,
  openTab,
  reached,
  scopeOf,
  verdictsIn,
} from '../support/e2e/tab.ts'
import { runningWorkers, withBrowserSession } from '../support/e2e/workers.ts'

const OLD_TABS = 6

/** What the first tab of the next deploy does to the tabs that are there. */
const arrivals: Readonly<Record<HostUnderTest['host'], string>> = {
  shared: 'takes over from six old tabs',
  elected: 'follows the leader of six old tabs, whose worker runs already',
  local: 'has a broker of its own beside those of six old tabs',
}

for (const { host, connectionsOf, noWorker } of ALL_HOSTS)
  test.describe(`with the broker on host ${host}`, () => {
    const isTakenOver = host === 'shared'

    test(`a second deploy ${arrivals[host]}: no more connections at any time than needed, nothing lost or doubled`, async ({
      real: { context },
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host } as const
      const old: Page[] = []
      while (old.length < OLD_TABS) old.push(await openTab(context, options))
      const before = await brokersOf(old)
      const ticking = setInterval(() => server.tick('orders'), 5)

      const newer = await openTab(context, { ...options, deploy: 'next' })
      const tabs = [...old, newer]
      await expect.poll(async () => (await brokersOf(tabs)).size, { timeout: 5_000 }).toBe(connectionsOf(tabs.length))
      const after = await brokersOf(tabs)
      expect([...before].filter(broker => after.has(broker))).toEqual(isTakenOver ? [] : [...before])

      clearInterval(ticking)
      const last = server.tick('orders')
      for (const tab of tabs) await reached(tab, last)
      for (const tab of tabs) expectUnbroken(numbersIn(await ledgerOf(tab)))
      for (const tab of old) {
        const ledger = await ledgerOf(tab)
        expect(numbersIn(ledger)).toHaveLength(last)
        expect(verdictsIn(ledger)).toEqual(isTakenOver ? [{ verdict: 'recovered' }] : [])
        // At most it sees the newer one connect.
        expect(ledger.filter(entry => entry.kind === 'status' && entry.change.status === 'offline')).toEqual([])
      }
      expect(server.connections()).toBe(connectionsOf(tabs.length))
      expect(server.peakConnections()).toBe(connectionsOf(tabs.length))
    })

    test(`a tab of the old deploy that is opened later ${noWorker === undefined ? 'joins the newer broker' : 'leaves the newer broker alone'}`, async ({
      real: { context },
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host } as const
      const newer = await openTab(context, { ...options, deploy: 'next' })
      const [broker] = await brokersOf([newer])
      const older = await openTab(context, options)
      await expect.poll(async () => (await brokersOf([newer, older])).size).toBe(connectionsOf(2))
      expect([...(await brokersOf([newer]))]).toEqual([broker])
      await reached(older, server.tick('orders'))
      expect(server.connections()).toBe(connectionsOf(2))
    })

    test('a message that waits while a tab of the next deploy comes is sent once', async ({
      real: { context },
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host } as const
      const old = await openTab(context, options)
      await old.evaluate(() => {
        const orders = window.line.channel('orders')
        const outcomes: string[] = []
        let n = 0
        const publish = async (payload: number): Promise<void> => {
          const receipt = await orders.publish('say', payload)
          outcomes.push((await receipt.settled).outcome)
        }
        const publishing = setInterval(() => void publish(++n), 5)
        Object.assign(window, { stop: () => (clearInterval(publishing), n), outcomes })
      })
      const newer = await openTab(context, { ...options, deploy: 'next' })
      await expect.poll(async () => (await brokersOf([old, newer])).size).toBe(connectionsOf(2))
      const asked = await old.evaluate(() => (window as unknown as { stop: () => number }).stop())
      await expect
        .poll(() => old.evaluate(() => (window as unknown as { outcomes: string[] }).outcomes))
        .toEqual(Array.from({ length: asked }, () => 'acknowledged'))
      expect(server.published.map(({ payload }) => payload)).toEqual(
        Array.from({ length: asked }, (_, index) => index + 1),
      )
    })

    test('a newer protocol takes over: tabs that do not speak it hear update-required', async ({
      real: { context },
      appUrl,
      serve,
    }) => {
      test.skip(noWorker !== undefined, 'brokers in pages do not hear of each other')
      const server = await serve()
      const options = { appUrl, server: server.url, host } as const
      const tabs = [await openTab(context, options), await openTab(context, options)]
      const errors: Error[] = []
      for (const tab of tabs) tab.on('pageerror', error => errors.push(error))
      await tabs[0]?.evaluate(
        ([scope, on]) => {
          // As a broker of the future would introduce itself.
          new BroadcastChannel(`partyline:brokers:${scope}`).postMessage({
            type: 'here',
            identity: {
              epoch: 'of-the-future',
              host: on,
              protocol: { major: 99, minor: 0 },
              generation: 1,
              build: 0,
              startedAt: Date.now(),
              url: `${location.origin}/assets/future.worker.js`,
              type: 'module',
            },
          })
        },
        [scopeOf(options), host] as const,
      )
      for (const tab of tabs)
        await expect
          .poll(() => tab.evaluate(() => [window.line.status, window.line.reason]))
          .toEqual(['closed', 'update-required'])
      await expect.poll(() => server.connections()).toBe(0)
      // Nobody's mistake: no error for whoever watches the app for errors.
      expect(errors).toEqual([])
    })
  })

test('a deploy takes effect on host elected when the leader goes: the next one runs the worker of its own deploy', async ({
  real: { browser, context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const options = { appUrl, server: server.url, host: 'elected' } as const
  const older = await openTab(context, options)
  const newer = await openTab(context, { ...options, deploy: 'next' })
  const scripts = async () => (await withBrowserSession(browser, runningWorkers)).map(({ url }) => url)
  expect(await scripts()).toEqual([expect.stringContaining('/app.worker')])
  await reached(newer, server.tick('orders'))
  const before = await brokersOf([newer])
  await older.close()
  await expect.poll(scripts).toEqual([expect.stringContaining('/next-app.worker')])
  // Until its worker has started it listens to the one before.
  await expect.poll(() => brokersOf([newer])).not.toEqual(before)
  await joined(newer)
  const last = server.tick('orders')
  await reached(newer, last)
  expectUnbroken(numbersIn(await ledgerOf(newer)))
  expect(server.peakConnections()).toBe(1)
})

test('the older SharedWorker ends when its tabs have gone over, and a later tab of its deploy still gets its place', async ({
  real: { browser, context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const options = { appUrl, server: server.url }
  const old = [await openTab(context, options), await openTab(context, options)]
  const newer = await openTab(context, { ...options, deploy: 'next' })
  const [broker] = await brokersOf([newer])
  await expect.poll(async () => [...(await brokersOf(old))]).toEqual([broker])
  const workers = async (): Promise<number> => (await withBrowserSession(browser, runningWorkers)).length
  await expect.poll(workers, { timeout: 10_000 }).toBe(1)
  const later = await openTab(context, options)
  const tabs = [...old, newer, later]
  await expect.poll(async () => [...(await brokersOf(tabs))]).toEqual([broker])
  const last = server.tick('orders')
  for (const tab of tabs) await reached(tab, last)
  expect(server.peakConnections()).toBe(1)
  await expect.poll(workers, { timeout: 10_000 }).toBe(1)
})
