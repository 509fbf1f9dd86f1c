/** The durable outbox: storing against other ways of storing, one message's time, draining, and starting when much waits. */
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { runMain } from '../scripts/lib/clear-failure.mjs'
import { startBrowserWithProfile } from './lib/browser.mjs'
import { buildApp } from './lib/build-app.mjs'
import { list, positive, readOptions } from './lib/options.mjs'
import { printBursts, printDrains, printFoot, printSingles, printStarts } from './lib/outbox-print.mjs'
import { outboxTargets } from './lib/outbox-targets.mjs'
import { recordProfile, workersOf } from './lib/profile.mjs'
import { environment, printEnvironment, printTargets, writeJson } from './lib/report.mjs'
import { startInbox } from './servers/inbox.mjs'
import { startStaticServer } from './servers/static-server.mjs'

/**
 * @typedef {import('./app/outbox.ts').StoreName} StoreName
 *
 * @typedef {Record<StoreName, number>} BurstRound messages stored a second
 *
 * @typedef {object} Single of a message at a time
 * @property {string} name
 * @property {StoreName} store
 * @property {number} [rate] a second; without it each follows the one before it
 * @property {boolean} hasServer that takes what is stored
 * @property {number[]} took milliseconds of each
 *
 * @typedef {'lanes-8' | 'lane-1' | 'batch'} DrainWay
 *
 * @typedef {object} DrainRound
 * @property {number} perSecond messages
 * @property {number} ms from the first at the server until none waited
 * @property {import('./servers/inbox.mjs').InboxFigures} inbox
 * @property {number} missing
 *
 * @typedef {{ ms: number, heapBytes: number }} Start
 *
 * @typedef {{ full: Start, empty: Start }} StartRound
 *
 * @typedef {object} Results
 * @property {{ count: number, load: number, rounds: BurstRound[] }} [burst]
 * @property {{ load: number, cases: Single[] }} [single]
 * @property {{ count: number, load: number, rounds: Record<DrainWay, DrainRound>[] }} [drain]
 * @property {{ count: number, load: number, rounds: StartRound[] }} [start]
 */

const bytes = 300
const stores = /** @type {const} */ (['partyline', 'idb-keyval', 'workbox', 'workbox-without-sync'])
/** Of each store and round, before it counts. */
const warmUpCount = 1_000
const pacedRate = 20
const drains = /** @type {const} */ ({
  'lanes-8': { lanes: 8, isBatch: false },
  'lane-1': { lanes: 1, isBatch: false },
  batch: { lanes: 8, isBatch: true },
})
/** What a broker does after it has answered must be over when its heap is looked at. */
const settleMs = 1_000

await runMain(async () => {
  const options = readOptions({ quick: false, part: 'burst,single,drain,start', rounds: undefined, profile: undefined })
  const { quick, profile } = options
  const parts = list(options.part)
  const rounds = positive('rounds', options.rounds ?? (quick ? '2' : '5'))
  const sizes = quick
    ? { burst: 2_000, pacedSeconds: 5, inARow: 300, drain: 5_000, start: 100_000 }
    : { burst: 5_000, pacedSeconds: 15, inARow: 1_000, drain: 20_000, start: 100_000 }

  const site = await startStaticServer(await buildApp({ minify: profile === undefined }))
  const inbox = await startInbox()
  const { browser, context, close } = await startBrowserWithProfile()
  const env = environment(browser)
  printEnvironment(env)
  let lastScope = 0
  /** @type {Results} */
  const results = {}
  try {
    if (parts.includes('burst')) {
      results.burst = { count: sizes.burst, load: load(), rounds: await measureBursts(sizes.burst) }
      printBursts(results.burst)
    }
    if (parts.includes('single')) {
      results.single = { load: load(), cases: await measureSingles() }
      printSingles(results.single)
    }
    if (parts.includes('drain')) {
      results.drain = { count: sizes.drain, load: load(), rounds: await measureDrains(sizes.drain) }
      printDrains(results.drain)
    }
    if (parts.includes('start')) {
      results.start = { count: sizes.start, load: load(), rounds: await measureStarts(sizes.start) }
      printStarts(results.start)
    }
  } finally {
    await close()
    await site.close()
    inbox.close()
  }
  printFoot()
  const targets = outboxTargets(results)
  printTargets(targets)
  writeJson(options.json, { bench: 'outbox', environment: env, targets, results })
  return 0

  /** @param {number} count */
  async function measureBursts(count) {
    const page = await openPage()
    /** @type {BurstRound[]} */
    const measured = []
    for (let round = 0; round < rounds; round++) {
      const perSecond = /** @type {BurstRound} */ ({})
      for (const store of stores) {
        await page.evaluate(
          ([name, scope]) => window.outboxBench.open(name, scope),
          /** @type {const} */ ([store, scopeFor()]),
        )
        const burst = /** @param {number} of */ of =>
          page.evaluate(([events, size]) => window.outboxBench.burst(events, size), /** @type {const} */ ([of, bytes]))
        await burst(warmUpCount)
        const ms = await profiled(page, `burst.${store}`, round, () => burst(count))
        perSecond[store] = (count * 1000) / (ms ?? NaN)
        await page.evaluate(() => window.outboxBench.end())
        await endWorkers()
      }
      measured.push(perSecond)
    }
    await page.close()
    return measured
  }

  /** Each store twice, with and without a pause between messages; and the broker once more with a server that takes them. */
  async function measureSingles() {
    const page = await openPage()
    const loads = [
      { rate: pacedRate, count: pacedRate * sizes.pacedSeconds },
      { rate: undefined, count: sizes.inARow },
    ]
    /** @type {Single[]} */
    const cases = []
    for (const { rate, count } of loads)
      for (const { store, hasServer } of /** @type {const} */ ([
        { store: 'partyline', hasServer: false },
        { store: 'partyline', hasServer: true },
        { store: 'idb-keyval', hasServer: false },
      ])) {
        const scope = scopeFor(hasServer ? { server: inbox.url } : {})
        await page.evaluate(([name, of]) => window.outboxBench.open(name, of), /** @type {const} */ ([store, scope]))
        const singles = /** @param {import('./app/outbox.ts').Singles} of */ of =>
          page.evaluate(what => window.outboxBench.singles(what), of)
        await singles({ count: warmUpCount / 10, bytes })
        const name = `single.${rate === undefined ? 'in-a-row' : 'paced'}.${store}${hasServer ? '.server' : ''}`
        const took = await profiled(page, name, 0, () => singles({ count, bytes, rate }))
        cases.push({ name, store, hasServer, took: [...took], ...(rate !== undefined && { rate }) })
        await page.evaluate(() => window.outboxBench.end())
        await endWorkers()
      }
    await page.close()
    return cases
  }

  /** @param {number} count */
  async function measureDrains(count) {
    const ways = /** @type {DrainWay[]} */ (Object.keys(drains))
    /** @type {Record<DrainWay, DrainRound>[]} */
    const measured = []
    for (let round = 0; round < rounds; round++) {
      const drained = /** @type {Record<DrainWay, DrainRound>} */ ({})
      for (const way of ways) drained[way] = await measureDrain(way, count, round)
      measured.push(drained)
    }
    return measured
  }

  /**
   * @param {DrainWay} way
   * @param {number} count
   * @param {number} round
   * @returns {Promise<DrainRound>}
   */
  async function measureDrain(way, count, round) {
    const { lanes, isBatch } = drains[way]
    const scope = scopeFor({ server: inbox.url, maxEntries: '100000', ...(isBatch && { batch: '' }) })
    await inbox.hold()
    const page = await openPage()
    await fill(page, { scope, count, bytes, lanes })
    await startLine(page, scope)
    const emptiedAt = await profiled(page, `drain.${way}`, round, async () => {
      const emptied = page.evaluate(() => window.outboxBench.emptied())
      await inbox.letIn()
      return emptied
    })
    const figures = await inbox.figures()
    await page.evaluate(() => window.outboxBench.forget())
    await page.close()
    await endWorkers()
    const ms = emptiedAt - figures.firstAt
    return { perSecond: (count * 1000) / ms, ms, inbox: figures, missing: count - figures.unique }
  }

  /** @param {number} count */
  async function measureStarts(count) {
    const limits = { maxEntries: String(2 * count) }
    const empty = scopeFor(limits)
    const full = scopeFor(limits)
    const filling = await openPage()
    await fill(filling, { scope: full, count, bytes, lanes: 8 })
    await filling.close()
    await endWorkers()
    await measureStart(empty, 0)
    /** @type {StartRound[]} */
    const measured = []
    for (let round = 0; round < rounds; round++)
      measured.push({ full: await measureStart(full, count), empty: await measureStart(empty, 0) })
    return measured
  }

  /**
   * @param {string} scope
   * @param {number} expected how many wait
   * @returns {Promise<Start>}
   */
  async function measureStart(scope, expected) {
    const page = await openPage()
    const { ms, waiting } = await startLine(page, scope)
    if (waiting !== expected) throw new Error(`${waiting} messages wait, not ${expected}`)
    await sleep(settleMs)
    const heapBytes = await workerHeap()
    await page.close()
    await endWorkers()
    return { ms, heapBytes }
  }

  async function openPage() {
    const page = await context.newPage()
    page.on('pageerror', error => console.error(error))
    await page.goto(`${site.url}/outbox.html`)
    await page.waitForFunction(() => window.outboxBench !== undefined)
    return page
  }

  /**
   * @param {import('playwright').Page} page
   * @param {import('./app/workers/fill.worker.ts').FillRequest} request
   */
  function fill(page, request) {
    return page.evaluate(what => window.outboxBench.fill(what), request)
  }

  /**
   * @param {import('playwright').Page} page
   * @param {string} scope
   */
  function startLine(page, scope) {
    return page.evaluate(of => window.outboxBench.start(of), scope)
  }

  /** A new one each time, that tells the worker what to do. @param {Record<string, string>} [query] */
  function scopeFor(query = {}) {
    return new URLSearchParams({ id: String(++lastScope), ...query }).toString()
  }

  /**
   * @template T
   * @param {import('playwright').Page} page
   * @param {string} name
   * @param {number} round
   * @param {() => Promise<T>} run
   */
  function profiled(page, name, round, run) {
    return profile !== undefined && round === 0 ? recordProfile({ browser, page, folder: profile, name }, run) : run()
  }

  async function workerHeap() {
    const cdp = await browser.newBrowserCDPSession()
    const [worker] = await workersOf(cdp)
    await worker?.send('HeapProfiler.collectGarbage')
    const heap = await worker?.send('Runtime.getHeapUsage')
    await cdp.detach()
    return heap?.usedSize ?? NaN
  }

  /** Chromium keeps a worker for a while after its last page. */
  async function endWorkers() {
    const cdp = await browser.newBrowserCDPSession()
    const { targetInfos } = await cdp.send('Target.getTargets')
    for (const { type, targetId } of targetInfos)
      if (type === 'shared_worker') await cdp.send('Target.closeTarget', { targetId })
    await cdp.detach()
  }
})

/** The average of the last minute, when a part begins. */
function load() {
  return loadavg()[0] ?? NaN
}
