/** What one more tab costs: heap, bytes loaded, time to its first event, and what the server has of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { runMain } from '../scripts/lib/clear-failure.mjs'
import { startBrowser } from './lib/browser.mjs'
import { buildApp } from './lib/build-app.mjs'
import { positive, readOptions } from './lib/options.mjs'
import { workersOf } from './lib/profile.mjs'
import { environment, printEnvironment, printTargets, writeJson } from './lib/report.mjs'
import { median, spread } from './lib/statistics.mjs'
import { kilobytes, milliseconds, printTable, whole, withRange } from './lib/table.mjs'
import { startSocketIoServer } from './servers/socket-io.mjs'
import { startStaticServer } from './servers/static-server.mjs'

/**
 * @typedef {'partyline' | 'websocket' | 'default'} Way
 *
 * @typedef {object} TabCost of one round
 * @property {number} coldBytes loaded by the first tab of a browser without a cache
 * @property {number} warmBytes loaded by the second tab
 * @property {number} nearMs navigation to first event in the second tab
 * @property {number} nearScriptMs the page's script to first event
 * @property {number} farMs as `nearMs`, with a server 20 ms away
 * @property {number} farScriptMs
 *
 * @typedef {object} TabsCost with many tabs open
 * @property {number} heapBytes of one added tab, without what an empty page has
 * @property {number} workerHeapBytes once, for all tabs
 * @property {number} connections at the server
 * @property {number} sentBytesPerSecond by the server, with 200 small events a second
 */

const labels = {
  partyline: 'Partyline',
  websocket: 'Socket.IO client, WebSocket only',
  default: 'Socket.IO client, polling then WebSocket',
}
const ways = /** @type {Way[]} */ (Object.keys(labels))
const room = 'cost'
const tickMs = 5
const farMs = 20
const manyTabs = 10
/** The first tab's own start must not slow the second tab. */
const settleMs = 300

await runMain(async () => {
  const options = readOptions({ quick: false, rounds: undefined })
  const rounds = positive('rounds', options.rounds ?? (options.quick ? '3' : '15'))

  const site = await startStaticServer(await buildApp())
  const server = await startSocketIoServer()
  const far = await server.farAway(farMs)
  const browser = await startBrowser()
  const env = environment(browser)
  printEnvironment(env)
  await server.tick(room, tickMs)

  /** @type {Record<Way, TabCost[]>} */
  const single = { partyline: [], websocket: [], default: [] }
  /** @type {Partial<Record<Way, TabsCost>>} */
  const many = {}
  try {
    await measureSingle('partyline')
    for (let round = 0; round < rounds; round++) for (const way of ways) single[way].push(await measureSingle(way))
    for (const way of ways) many[way] = await measureMany(way)
  } finally {
    await browser.close()
    await site.close()
    server.close()
  }

  /** @param {Way} way @param {keyof TabCost} figure */
  const of = (way, figure) => single[way].map(cost => cost[figure])
  printTable(
    `One tab more (medians of ${rounds} rounds)`,
    [
      '',
      'first event',
      'of it the script',
      `server ${farMs} ms away`,
      'of it the script',
      'loaded, no cache',
      'by 2nd tab',
      'heap',
    ],
    ways.map(way => [
      labels[way],
      withRange(spread(of(way, 'nearMs')), milliseconds),
      milliseconds(median(of(way, 'nearScriptMs'))),
      withRange(spread(of(way, 'farMs')), milliseconds),
      milliseconds(median(of(way, 'farScriptMs'))),
      kilobytes(median(of(way, 'coldBytes'))),
      kilobytes(median(of(way, 'warmBytes'))),
      kilobytes(many[way]?.heapBytes ?? NaN),
    ]),
  )
  printTable(
    `${manyTabs} tabs, ${1000 / tickMs} small events a second`,
    ['', 'server connections', 'server sends', 'heap of the worker, once'],
    ways.map(way => [
      labels[way],
      whole(many[way]?.connections ?? NaN),
      `${kilobytes(many[way]?.sentBytesPerSecond ?? NaN)}/s`,
      kilobytes(many[way]?.workerHeapBytes ?? NaN),
    ]),
  )
  console.log(`
First event: from navigation to the first event in the second tab, the first one being open; the network is the loopback
or takes ${farMs} ms each way to the Socket.IO server. Of it the script: from when the page's own script began to run; what is
before it is the page's load. Loaded: bodies as served with gzip. Heap: after collection, over that of an empty page.`)

  /** @param {keyof TabCost} figure @param {Way} way */
  const share = (figure, way) => median(of('partyline', figure)) / median(of(way, figure))
  const targets = ways.slice(1).flatMap(way =>
    /** @type {const} */ (['nearMs', 'farMs']).map(figure => ({
      name: `second tab's first event: under half the time of a ${labels[way]}${figure === 'farMs' ? `, server ${farMs} ms away` : ''}`,
      met: share(figure, way) < 0.5,
      figure: `${Math.round(share(figure, way) * 100)} %`,
    })),
  )
  printTargets(targets)
  writeJson(options.json, { bench: 'tab-cost', environment: env, targets, results: { single, many } })
  return 0

  /**
   * A browser without a cache, and two tabs in it; and once more with the server far away.
   * @param {Way} way
   * @returns {Promise<TabCost>}
   */
  async function measureSingle(way) {
    const near = await openTwo(way, server.url)
    const away = await openTwo(way, far)
    return {
      coldBytes: near.coldBytes,
      warmBytes: near.warmBytes,
      nearMs: near.afterNavigationMs,
      nearScriptMs: near.afterScriptMs,
      farMs: away.afterNavigationMs,
      farScriptMs: away.afterScriptMs,
    }
  }

  /**
   * @param {Way} way
   * @param {string} api
   */
  async function openTwo(way, api) {
    const context = await browser.newContext()
    const start = site.bytes()
    await openTab(context, way, api)
    const afterFirst = site.bytes()
    await sleep(settleMs)
    const { firstEvent } = await openTab(context, way, api)
    const afterSecond = site.bytes()
    await context.close()
    return { coldBytes: afterFirst - start, warmBytes: afterSecond - afterFirst, ...firstEvent }
  }

  /**
   * @param {Way} way
   * @returns {Promise<TabsCost>}
   */
  async function measureMany(way) {
    const context = await browser.newContext()
    const blank = await context.newPage()
    await blank.goto(`${site.url}/cost-blank.html`)
    const blankBytes = await heapOf(blank)
    const tabs = []
    for (let tab = 0; tab < manyTabs; tab++) tabs.push(await openTab(context, way, server.url))
    const { clients } = await server.figures()
    const sentBytesPerSecond = await sentOver(3)
    const heaps = []
    for (const { page } of tabs.slice(1)) heaps.push((await heapOf(page)) - blankBytes)
    const workerHeapBytes = way === 'partyline' ? await workerHeap() : 0
    await context.close()
    return { heapBytes: median(heaps), workerHeapBytes, connections: clients, sentBytesPerSecond }
  }

  /** @param {number} seconds */
  async function sentOver(seconds) {
    const before = await server.figures()
    await sleep(seconds * 1000)
    const after = await server.figures()
    return (after.bytesSent - before.bytesSent) / seconds
  }

  async function workerHeap() {
    const cdp = await browser.newBrowserCDPSession()
    const [worker] = await workersOf(cdp)
    await worker?.send('HeapProfiler.collectGarbage')
    const heap = await worker?.send('Runtime.getHeapUsage')
    await cdp.detach()
    return heap?.usedSize ?? NaN
  }

  /**
   * @param {import('playwright').BrowserContext} context
   * @param {Way} way
   * @param {string} api
   */
  async function openTab(context, way, api) {
    const page = await context.newPage()
    page.on('pageerror', error => console.error(error))
    const query = new URLSearchParams({ server: api, ...(way === 'websocket' && { websocket: '' }) })
    await page.goto(`${site.url}/cost-${way === 'partyline' ? 'partyline' : 'socket-io'}.html?${query}`)
    const firstEvent = await page.evaluate(() => window.firstEvent)
    return { page, firstEvent }
  }
})

/** @param {import('playwright').Page} page */
async function heapOf(page) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  await cdp.detach()
  return usedSize
}
