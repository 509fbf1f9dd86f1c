import type { Page } from '@playwright/test'
import { attachToWorker, liveBytes, privateBytes, rendererOf } from '../support/e2e/cdp.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { expectUnbroken, ledgerOf, numbersIn, openTab, reached } from '../support/e2e/tab.ts'
import { freeze } from '../support/faults/freeze.ts'
import type { SocketIoServer } from '../support/servers/socket-io-server.ts'

const EVENT_BYTES = 4_000
const EVENTS = 25_000
const AT_ONCE = 250
const ALLOWED_BYTES = 16 * 1024 * 1024

test('a frozen tab under 100 MB of events costs little, slows nobody, and hears how much it missed', async ({
  appUrl,
  real: { browser, context },
  serve,
}) => {
  test.skip(process.platform !== 'linux', "reads the renderer's memory from /proc")
  test.setTimeout(120_000)
  const server = await serve({ recovery: false })
  const options = { appUrl, server: server.url }
  const [watcher, other, frozen] = [
    await openTab(context, options),
    await openTab(context, options),
    await openTab(context, options),
  ]
  const renderer = await rendererOf(browser, frozen)
  const worker = await attachToWorker(browser)
  await flood(server, watcher, EVENTS / 10)
  await reached(frozen, EVENTS / 10)
  const brokerBefore = await liveBytes(worker)
  const rendererBefore = await privateBytes(renderer)

  const thaw = await freeze(frozen)
  const last = await flood(server, watcher, EVENTS)
  const brokerCost = (await liveBytes(worker)) - brokerBefore
  const rendererCost = (await privateBytes(renderer)) - rendererBefore
  test.info().annotations.push({ type: 'cost', description: `broker ${mb(brokerCost)}, renderer ${mb(rendererCost)}` })
  expect(brokerCost + rendererCost).toBeLessThan(ALLOWED_BYTES)

  for (const tab of [watcher, other]) {
    await reached(tab, last)
    const ledger = await ledgerOf(tab)
    expectUnbroken(numbersIn(ledger))
    expect(numbersIn(ledger)).toHaveLength(last)
    expect(ledger.filter(({ kind }) => kind === 'continuity')).toEqual([])
  }

  await thaw()
  await reached(frozen, last)
  const ledger = await ledgerOf(frozen)
  const verdicts = ledger.flatMap(entry => (entry.kind === 'continuity' ? [entry.continuity] : []))
  expect(verdicts).toEqual([{ verdict: 'gap', missed: last - numbersIn(ledger).length }])
  const gapAt = ledger.findIndex(({ kind }) => kind === 'continuity')
  expectUnbroken(numbersIn(ledger.slice(0, gapAt)))
  expectUnbroken(numbersIn(ledger.slice(gapAt)))
})

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
