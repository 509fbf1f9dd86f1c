import { expect, test } from '../support/e2e/fixtures.ts'
import {
  brokersOf,
  expectUnbroken,
  joined,
  ledgerOf,
  numbersIn,
  openTab,
  reached,
  verdictsIn,
} from '../support/e2e/tab.ts'
import { intoCache, outOfCache } from '../support/faults/back-forward-cache.ts'

test('a page in the cache survives 1000 events, and has them all when it is back', async ({
  real: { context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const stays = await openTab(context, { appUrl, server: server.url })
  const leaves = await openTab(context, { appUrl, server: server.url })
  const ticking = setInterval(() => server.tick('orders'), 1)
  // Events are on their way at the very moment when the page goes.
  await intoCache(leaves, `${appUrl}/?server=nowhere&scope=elsewhere`)
  const left = server.tick('orders')
  await expect
    .poll(() => stays.evaluate(() => window.ledger.findLast(entry => entry.kind === 'event')?.n), { timeout: 20_000 })
    .toBeGreaterThan(left + 1_000)
  clearInterval(ticking)
  expect((await stays.evaluate(() => window.line.stats())).sessions).toMatchObject({ attached: 2, suspended: 1 })

  expect(await outOfCache(leaves)).toEqual({ persisted: true })
  const last = server.tick('orders')
  await reached(leaves, last)
  const ledger = await ledgerOf(leaves)
  expect(verdictsIn(ledger)).toEqual([{ verdict: 'recovered' }])
  expectUnbroken(numbersIn(ledger))
  expect((await brokersOf([stays, leaves])).size).toBe(1)
  expect((await stays.evaluate(() => window.line.stats())).sessions).toMatchObject({ attached: 2, suspended: 0 })
  expect(server.peakConnections()).toBe(1)
})

test('a page that was in the cache for longer than its queue lasts hears how much it missed', async ({
  real: { context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const stays = await openTab(context, { appUrl, server: server.url })
  const leaves = await openTab(context, { appUrl, server: server.url })
  const before = server.tick('orders')
  await reached(leaves, before)
  await intoCache(leaves)
  const payload = 'x'.repeat(100_000)
  for (let sent = 0; sent < 300; sent++) server.tick('orders', { payload })
  const last = server.tick('orders')
  await reached(stays, last)
  expect(await outOfCache(leaves)).toEqual({ persisted: true })
  await reached(leaves, last)
  const ledger = await ledgerOf(leaves)
  const [verdict, ...others] = verdictsIn(ledger)
  expect(others).toEqual([])
  if (verdict?.verdict !== 'gap') throw new Error(`the verdict is ${verdict?.verdict}`)
  expect(numbersIn(ledger).length + (verdict.missed ?? 0)).toBe(last)
})

test('the only page of its broker, which Chromium does not keep, is loaded anew on the connection that there is', async ({
  real: { context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const page = await openTab(context, { appUrl, server: server.url })
  await intoCache(page)
  expect(await outOfCache(page)).toEqual({ persisted: false, reasons: ['sharedworker-with-no-active-client'] })
  await joined(page)
  await reached(page, server.tick('orders'))
  expect(server.peakConnections()).toBe(1)
})
