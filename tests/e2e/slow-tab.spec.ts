import type { Browser, Page } from '@playwright/test'
import type { HostName } from '../../src/client/index.ts'
import type { Entry } from '../support/app/main.ts'
import { brokenPromises } from '../support/chaos/ledger-rules.ts'
import { attachToWorker, liveBytes, privateBytes, rendererOf } from '../support/e2e/cdp.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { expectUnbroken, ledgerOf, numbersIn, openTab, reached, verdictsIn } from '../support/e2e/tab.ts'
import { freeze } from '../support/faults/freeze.ts'
import { stopTab } from '../support/faults/stop-tab.ts'
import type { SocketIoServer } from '../support/servers/socket-io-server.ts'

const EVENT_BYTES = 4_000
const EVENTS = 25_000
const AT_ONCE = 250
const ALLOWED_BYTES = 16 * 1024 * 1024

interface StandingStill {
  readonly host: HostName
  readonly what: string
  stop(browser: Browser, tab: Page): Promise<() => void | Promise<void>>
  /** When it goes on. */
  readonly told: string
  catchesUp(tab: Page, last: number): Promise<void>
  expectTold(ledger: readonly Entry[], last: number): void
}

const cases: readonly StandingStill[] = [
  {
    host: 'shared',
    what: 'a frozen tab',
    stop: (_, tab) => freeze(tab),
    told: 'hears how much it missed',
    catchesUp: reached,
    expectTold: expectOneGap,
  },
  {
    // Chromium hands the messages of a BroadcastChannel also to a frozen page.
    host: 'elected',
    what: 'a frozen tab that follows',
    stop: (_, tab) => freeze(tab),
    told: 'misses nothing',
    catchesUp: reached,
    expectTold: expectNothingMissed,
  },
  {
    host: 'elected',
    what: 'a tab that follows and whose process is stopped',
    stop: stopTab,
    told: 'hears how much it missed',
    catchesUp: reached,
    expectTold: expectOneGap,
  },
  {
    host: 'local',
    what: 'a frozen tab with a broker of its own',
    stop: (_, tab) => freeze(tab),
    told: 'hears how much it missed',
    catchesUp: takesAllIn,
    expectTold: expectGaps,
  },
]

for (const { host, what, stop, told, catchesUp, expectTold } of cases)
  test(`${what} under 100 MB of events costs little, slows nobody, and ${told}, on host ${host}`, async ({
    appUrl,
    real: { browser, context },
    serve,
  }) => {
    test.skip(process.platform !== 'linux', "reads the renderer's memory from /proc")
    test.setTimeout(120_000)
    const server = await serve({ recovery: false })
    const options = { appUrl, server: server.url, host }
    const [watcher, other, still] = [
      await openTab(context, options),
      await openTab(context, options),
      await openTab(context, options),
    ]
    const renderer = await rendererOf(browser, still)
    // A page's broker costs what its renderer costs.
    const worker = host === 'local' ? undefined : await attachToWorker(browser)
    const brokerBytes = async () => (worker ? await liveBytes(worker) : 0)
    await flood(server, watcher, EVENTS / 10)
    await reached(still, EVENTS / 10)
    const brokerBefore = await brokerBytes()
    const rendererBefore = await privateBytes(renderer)

    const goOn = await stop(browser, still)
    let last: number
    try {
      last = await flood(server, watcher, EVENTS)
      const brokerCost = (await brokerBytes()) - brokerBefore
      const rendererCost = (await privateBytes(renderer)) - rendererBefore
      const description = `broker ${mb(brokerCost)}, renderer ${mb(rendererCost)}`
      test.info().annotations.push({ type: 'cost', description })
      expect(brokerCost + rendererCost).toBeLessThan(ALLOWED_BYTES)
      for (const tab of [watcher, other]) {
        await reached(tab, last)
        expectNothingMissed(await ledgerOf(tab), last)
      }
    } finally {
      await goOn()
    }
    await catchesUp(still, last)
    expectTold(await ledgerOf(still), last)
  })

function expectNothingMissed(ledger: readonly Entry[], last: number): void {
  expectUnbroken(numbersIn(ledger))
  expect(numbersIn(ledger)).toHaveLength(last)
  expect(verdictsIn(ledger)).toEqual([])
}

function expectOneGap(ledger: readonly Entry[], last: number): void {
  expect(verdictsIn(ledger)).toEqual([{ verdict: 'gap', missed: last - numbersIn(ledger).length }])
  const gapAt = ledger.findIndex(({ kind }) => kind === 'continuity')
  expectUnbroken(numbersIn(ledger.slice(0, gapAt)))
  expectUnbroken(numbersIn(ledger.slice(gapAt)))
}

/** All that the connection has held back comes over it now, which takes a while: as long as it goes on. */
async function takesAllIn(tab: Page, last: number): Promise<void> {
  const latest = () => tab.evaluate(() => window.ledger.findLast(entry => entry.kind === 'event')?.n ?? 0)
  for (let seen = await latest(); seen < last; seen = await latest()) await expect.poll(latest).toBeGreaterThan(seen)
}

/** Its broker was frozen with it, and takes in what the connection has held back sooner than the page handles it. */
function expectGaps(ledger: readonly Entry[], last: number): void {
  expect(brokenPromises(ledger)).toEqual([])
  const missed = verdictsIn(ledger).map(continuity => (continuity.verdict === 'gap' ? (continuity.missed ?? NaN) : NaN))
  expect(missed.reduce((sum, count) => sum + count, 0)).toBe(last - numbersIn(ledger).length)
}

/** Sends `count` events, no faster than one tab takes them. Resolves with the last one's number. */
async function flood(server: SocketIoServer, pace: Page, count: number): Promise<number> {
  const text = 'x'.repeat(EVENT_BYTES)
  let last = 0
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    for (let one = 0; one < AT_ONCE; one++) last = server.tick('orders', { text })
    await reached(pace, last)
  }
  return last
}

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
