import { brokenPromises, countsOf } from '../support/chaos/ledger-rules.ts'
import { Chaos } from '../support/chaos/chaos.ts'
import { watchConnections } from '../support/chaos/connection-watch.ts'
import { expectAllOpen } from '../support/chaos/tab-report.ts'
import { ALL_HOSTS, type HostUnderTest } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { brokersOf, ledgerOf } from '../support/e2e/tab.ts'
import { noProcesses } from '../support/faults/processes.ts'
import { startProxy } from '../support/faults/proxy.ts'
import { seeded } from '../support/random.ts'

const SEED = Number(process.env['SEED'] ?? 11)
const MINUTES = Number(process.env['CHAOS_MINUTES'] ?? 2)
const TABS = 8
const CHANNELS = ['orders', 'kitchen']
const HANDOVER_MS = 2_000
/** Those of the broker's worker. */
const BROKER_FAULTS = ['killBroker', 'hangBroker', 'crashWorkerHost']
/** How much of the time each host gets. */
const SHARES: Readonly<Record<HostUnderTest['host'], number>> = { shared: 1, elected: 1 / 2, local: 1 / 4 }

for (const { host, connectionsOf, noWorker } of ALL_HOSTS)
  test(`8 tabs under all faults at random: no more connections than needed, order, no doubles, and every loss is told, on host ${host}`, async ({
    real: { browser, context },
    appUrl,
    serve,
  }) => {
    test.skip(noProcesses !== undefined, noProcesses)
    const durationMs = MINUTES * SHARES[host] * 60_000
    test.setTimeout(durationMs + 90_000)
    const server = await serve({ pingIntervalMs: 400, pingTimeoutMs: 400 })
    const proxy = await startProxy(server.port)
    const random = seeded(SEED)
    const broken: string[] = []
    const total = { lives: 0, arrived: 0, missed: 0, recovered: 0, gap: 0, unknown: 0 }
    const log: string[] = []
    const judge = (ledger: Parameters<typeof brokenPromises>[0]): void => {
      const { arrived, missed, recovered, gap, unknown } = countsOf(ledger)
      total.lives++
      total.arrived += arrived
      total.missed += missed
      total.recovered += recovered
      total.gap += gap
      total.unknown += unknown
      for (const promise of brokenPromises(ledger)) broken.push(`${promise} (after ${log.slice(-4).join(', ')})`)
    }
    const chaos = new Chaos({
      browser,
      context,
      server,
      proxy,
      random,
      count: TABS,
      tab: { appUrl, server: proxy.url, channels: CHANNELS.join(','), host },
      without: noWorker === undefined ? [] : BROKER_FAULTS,
      ended: judge,
    })
    await chaos.start()
    const watch = watchConnections(() => server.connections(), connectionsOf(TABS))
    const ticking = setInterval(() => {
      for (const channel of CHANNELS) server.tick(channel)
    }, 20)

    const end = performance.now() + durationMs
    while (performance.now() < end) {
      log.push(await chaos.next())
      // Faults come while the last one is not over yet, and now and then when it is.
      await new Promise(resolve => setTimeout(resolve, random.next() * 2_500))
    }

    await chaos.calm()
    const pages = chaos.pages
    await expectAllOpen(pages, log, 20_000)
    await expect.poll(async () => (await brokersOf(pages)).size, { timeout: 20_000 }).toBe(connectionsOf(TABS))
    clearInterval(ticking)
    watch.stop()
    const last = CHANNELS.map(channel => `${channel} ${server.tick(channel)}`)
    for (const page of pages) {
      await expect
        .poll(async () => {
          const ledger = await ledgerOf(page)
          return CHANNELS.map(name => {
            const event = ledger.findLast(entry => entry.kind === 'event' && entry.channel === name)
            return `${name} ${event?.kind === 'event' ? event.n : 0}`
          })
        })
        .toEqual(last)
      judge(await ledgerOf(page))
    }
    await proxy.close()
    test.info().annotations.push({
      type: 'figure',
      description: JSON.stringify({
        seed: SEED,
        faults: log.length,
        ...Object.fromEntries(chaos.done),
        ...total,
        overlaps: watch.overlaps(),
        longestOverlapMs: Math.round(watch.longestOverlapMs()),
      }),
    })
    expect(BROKER_FAULTS.some(fault => chaos.done.has(fault))).toBe(noWorker === undefined)
    expect(total.recovered).toBeGreaterThan(total.unknown)
    expect(broken).toEqual([])
    expect(watch.longestOverlapMs()).toBeLessThan(HANDOVER_MS)
    expect(server.connections()).toBe(connectionsOf(TABS))
  })
