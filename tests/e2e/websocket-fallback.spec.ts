import type { Page } from '@playwright/test'
import { expect, test } from '../support/e2e/fixtures.ts'
import { joined, ledgerOf, numbersIn, openTab, reached, verdictsIn } from '../support/e2e/tab.ts'
import { startUpgradeBarrier, type UpgradeBarrier } from '../support/faults/upgrade-barrier.ts'
import { startWebSocketServer, type WebSocketServer } from '../support/servers/websocket/websocket-server.ts'

let server: WebSocketServer
let barrier: UpgradeBarrier

test.beforeEach(async () => {
  server = await startWebSocketServer()
  barrier = await startUpgradeBarrier(server.port)
})

test.afterEach(async () => {
  await barrier.close()
  await server.close()
})

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

function statusOf(page: Page): Promise<{ status: string; degraded: boolean }> {
  return page.evaluate(() => ({ status: window.line.status, degraded: window.line.degraded }))
}

test('where a proxy ends WebSockets all tabs go on over requests, and back to a socket, with every event once', async ({
  context,
  appUrl,
}) => {
  const options = { appUrl, server: `websocket+${barrier.url}` }
  const tabs = [await openTab(context, options), await openTab(context, options)]
  server.tick('orders')
  barrier.bar(true)
  server.tick('orders')
  for (const tab of tabs) await expect.poll(() => statusOf(tab)).toEqual({ status: 'open', degraded: true })
  tabs.push(await openTab(context, options))
  const own = await tabs[0]?.evaluate(() => window.line.channel('orders').request('said', { n: 0 }))
  expect(own).toMatchObject({ echo: { n: 0 } })

  barrier.bar(false)
  for (const tab of tabs)
    await expect
      .poll(() => {
        server.tick('orders')
        return statusOf(tab)
      })
      .toEqual({ status: 'open', degraded: false })
  const last = server.tick('orders')
  for (const tab of tabs) {
    await joined(tab)
    await reached(tab, last)
  }
  for (const tab of tabs.slice(0, 2)) {
    const ledger = await ledgerOf(tab)
    expect(numbersIn(ledger)).toEqual(upTo(last))
    expect(verdictsIn(ledger)).toEqual([{ verdict: 'recovered' }])
  }
  await expect.poll(() => server.connections()).toBe(1)
})
