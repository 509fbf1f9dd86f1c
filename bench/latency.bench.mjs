/** From the server to the handler in one tab at 50 events/s: Partyline against a Socket.IO client in the tab. */
import { runMain } from '../scripts/lib/clear-failure.mjs'
import { startBrowser } from './lib/browser.mjs'
import { buildApp } from './lib/build-app.mjs'
import { positive, readOptions } from './lib/options.mjs'
import { environment, printEnvironment, printTargets, writeJson } from './lib/report.mjs'
import { median } from './lib/statistics.mjs'
import { summarise } from './lib/summary.mjs'
import { milliseconds, printTable } from './lib/table.mjs'
import { Tabs } from './lib/tabs.mjs'
import { startSocketIoServer } from './servers/socket-io.mjs'
import { startStaticServer } from './servers/static-server.mjs'

/** @typedef {{ shared: import('./lib/summary.mjs').Summary, direct: import('./lib/summary.mjs').Summary }} Round */

const warmUpSeconds = 2

await runMain(async () => {
  const options = readOptions({ quick: false, rounds: undefined, seconds: undefined, rate: '50' })
  const rounds = positive('rounds', options.rounds ?? (options.quick ? '2' : '5'))
  const seconds = positive('seconds', options.seconds ?? (options.quick ? '5' : '20'))
  const rate = positive('rate', options.rate)

  const site = await startStaticServer(await buildApp())
  const server = await startSocketIoServer()
  const browser = await startBrowser()
  const env = environment(browser)
  printEnvironment(env)
  /** @type {Round[]} */
  const results = []
  try {
    // Both in one page: the same clock, the same process. One rests while the other is measured.
    const tabs = new Tabs(await browser.newContext(), {
      url: site.url,
      contenders: ['partyline-socket-io', 'socket-io'],
      server: server.url,
    })
    await tabs.start()
    await tabs.growTo(1)
    await measureBoth(warmUpSeconds)
    for (let round = 0; round < rounds; round++) results.push(await measureBoth(seconds))

    /**
     * @param {number} ofSeconds
     * @returns {Promise<Round>}
     */
    async function measureBoth(ofSeconds) {
      const load = { kind: /** @type {const} */ ('paced'), rate, seconds: ofSeconds, bytes: 300 }
      const shared = await tabs.measure('partyline-socket-io', load, server.senderTo('shared'))
      const direct = await tabs.measure('socket-io', load, server.senderTo('direct'))
      return { shared: summarise(load, shared), direct: summarise(load, direct) }
    }
  } finally {
    await browser.close()
    await site.close()
    server.close()
  }

  const figures = /** @type {const} */ (['p50', 'p95', 'p99', 'max'])
  const row = /** @param {(round: Round, figure: typeof figures[number]) => number} of */ of =>
    figures.map(figure => milliseconds(median(results.map(round => of(round, figure)))))
  printTable(
    `1 tab, ${rate} events/s of 300 bytes for ${seconds} s, server to handler (medians of ${rounds} rounds)`,
    ['', ...figures],
    [
      ['Partyline', ...row((round, figure) => round.shared[figure])],
      ['a Socket.IO client in the tab', ...row((round, figure) => round.direct[figure])],
      ['added', ...row(added)],
    ],
  )
  console.log('\nAdded: the median over the rounds of the difference within a round. WebSocket transport for both.')
  const p50 = median(results.map(round => added(round, 'p50')))
  const p95 = median(results.map(round => added(round, 'p95')))
  const targets = [
    { name: 'latency added in the median under 0.5 ms', met: p50 < 0.5, figure: milliseconds(p50) },
    { name: 'latency added at p95 under 2 ms', met: p95 < 2, figure: milliseconds(p95) },
  ]
  printTargets(targets)
  writeJson(options.json, { bench: 'latency', environment: env, targets, results })
  return 0
})

/**
 * @param {Round} round
 * @param {'p50' | 'p95' | 'p99' | 'max'} figure
 */
function added({ shared, direct }, figure) {
  return shared[figure] - direct[figure]
}
