import type { CDPSession, Page } from '@playwright/test'
import { expect, test } from '../support/e2e/fixtures.ts'
import {
  denyBackgroundSync,
  nudge,
  offlinePageUrl,
  openOfflinePage,
  stopServiceWorkers,
  storeMessages,
} from '../support/e2e/offline-page.ts'
import { joined } from '../support/e2e/tab.ts'
import { killBroker } from '../support/faults/kill-broker.ts'
import { outboxEndpoint } from '../support/servers/outbox-endpoint.ts'

function publish(page: Page, count: number, channel = 'orders'): Promise<void> {
  return page.evaluate(
    async ([many, to]) => {
      for (let n = 1; n <= many; n++) await window.line.channel(to).publish('add', { n })
    },
    [count, channel] as const,
  )
}

/** The Background Syncs that have yet to happen, or to work. */
function syncsAskedFor(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.ready) as ServiceWorkerRegistration & {
      sync: { getTags(): Promise<string[]> }
    }
    return registration.sync.getTags()
  })
}

/** Chromium holds a Background Sync back for a service worker that DevTools have taken off the network. */
async function takeOffline(page: Page): Promise<{ restore(): Promise<void> }> {
  const browser = page.context().browser()
  if (browser === null) throw new Error('there is no browser')
  const session = await browser.newBrowserCDPSession()
  const { targetInfos } = await session.send('Target.getTargets')
  const target = targetInfos.find(({ type }) => type === 'service_worker')
  if (target === undefined) throw new Error('no service worker runs')
  const { sessionId } = await session.send('Target.attachToTarget', { targetId: target.targetId, flatten: false })
  await emulate(session, sessionId, true)
  return {
    async restore() {
      await emulate(session, sessionId, false)
      await session.detach()
    },
  }
}

async function emulate(session: CDPSession, sessionId: string, offline: boolean): Promise<void> {
  const params = { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
  for (const [id, message] of [
    { method: 'Network.enable', params: {} },
    { method: 'Network.emulateNetworkConditions', params },
  ].entries())
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: id + 1, ...message }) })
}

test('written offline, all tabs closed, network back: Background Sync has the service worker deliver it', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  const endpoint = outboxEndpoint(app)
  await context.grantPermissions(['background-sync'], { origin: app.url })
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  const network = await takeOffline(page)
  await app.cut()
  await server.close()
  await expect.poll(() => page.evaluate(() => window.line.status)).toBe('offline')
  await publish(page, 4)
  await expect.poll(() => syncsAskedFor(page)).toEqual(['partyline-outbox'])
  await page.close()
  await app.restore()
  await network.restore()
  await expect.poll(() => endpoint.handled(), { timeout: 20_000 }).toEqual([1, 2, 3, 4])
  expect(endpoint.batches.map(({ scope, messages }) => [scope.split('@')[0], messages.length])).toEqual([
    ['ann', 3],
    ['ann', 1],
  ])
  expect(endpoint.requests[0]?.headers['x-user']).toContain('ann@')
})

test('what was written online and not acknowledged when the last tab closes goes by Background Sync, too', async ({
  browser,
  context,
  app,
  serve,
}) => {
  const server = await serve({ handle() {} })
  const endpoint = outboxEndpoint(app)
  await context.grantPermissions(['background-sync'], { origin: app.url })
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  await stopServiceWorkers(page)
  await publish(page, 2)
  await expect.poll(() => server.published.length).toBe(1)
  expect(await page.evaluate(() => window.line.status)).toBe('open')
  await expect.poll(() => syncsAskedFor(page)).toEqual(['partyline-outbox'])
  expect(endpoint.batches).toEqual([])
  // It would go on sending for half a minute, unless the browser ends it.
  await killBroker(browser)
  await page.close()
  await expect.poll(() => endpoint.handled(), { timeout: 20_000 }).toEqual([1, 2])
})

test('without Background Sync it is delivered at the next start, by whoever is there first', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  const endpoint = outboxEndpoint(app)
  await denyBackgroundSync(context)
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  await app.cut()
  await server.close()
  await expect.poll(() => page.evaluate(() => window.line.status)).toBe('offline')
  await publish(page, 4)
  expect(await syncsAskedFor(page)).toEqual([])
  await stopServiceWorkers(page)
  await page.close()
  await app.restore()
  expect(endpoint.batches).toEqual([])
  // The page of another user starts the service worker; the socket server is still away.
  const next = await context.newPage()
  await next.goto(offlinePageUrl({ app, scope: 'ben' }))
  await expect.poll(() => endpoint.handled(), { timeout: 20_000 }).toEqual([1, 2, 3, 4])
})

test('while a broker is there it alone sends, however often the service worker is nudged', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  const endpoint = outboxEndpoint(app)
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  await server.close()
  await expect.poll(() => page.evaluate(() => window.line.status)).toBe('offline')
  await publish(page, 3)
  // Of a scope that no broker attends to the messages go with the same look: then it has looked at all.
  for (const n of [11, 12, 13, 14, 15]) {
    await storeMessages(page, 'nobody', [{ lane: 'chat', payload: { n } }])
    await nudge(page)
    await expect.poll(() => endpoint.handled()).toContain(n)
  }
  const again = await serve({ port: server.port })
  await expect.poll(() => again.published.map(({ payload }) => (payload as { n: number }).n)).toEqual([1, 2, 3])
  expect(endpoint.batches.every(({ scope }) => scope === 'nobody')).toBe(true)
})
