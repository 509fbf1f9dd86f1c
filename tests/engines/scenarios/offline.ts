import { expect, onTestFinished } from 'vitest'
import type { Engine, Tab } from '../../support/engines/engine.ts'
import type { Scenario } from '../../support/engines/scenario.ts'
import { startAppServer, type AppServer } from '../../support/servers/app-server.ts'
import { outboxEndpoint } from '../../support/servers/outbox-endpoint.ts'

/** What the service worker does where there is no network. */
export const offlineScenarios: readonly Scenario[] = [
  {
    name: 'a full reload offline shows what was read; what is written then goes out in order when the network is back',
    async run({ engine }) {
      const app = await appServer()
      app.on('/api/orders', ({ method }) => (method === 'GET' ? { body: [1] } : { status: 201 }))
      const tab = await openOffline(engine, app, { scope: 'ann' })
      await tab.reload()
      await controlled(tab)
      await get(tab)
      await app.cut()
      await tab.reload()
      await controlled(tab)
      expect(await get(tab)).toBe('200 [1]')
      for (const body of ['one', 'two', 'three']) expect(await post(tab, body)).toBe(202)
      await app.restore()
      await tab.evaluate(() => {
        dispatchEvent(new Event('online'))
      })
      await expect.poll(() => written(app)).toEqual(['one', 'two', 'three'])
    },
  },
  {
    name: 'written offline, all tabs closed, network back: delivered at the next start',
    async run({ engine, server }) {
      const app = await appServer()
      const endpoint = outboxEndpoint(app)
      app.on('/api/orders', () => ({ status: 201 }))
      // Some browsers end with their last tab.
      const away = await engine.open('about:blank')
      const tab = await openOffline(engine, app, { scope: 'ann', server: server.url })
      await expect.poll(() => tab.evaluate(() => window.line.channel('orders').state)).toBe('joined')
      await app.cut()
      await server.close()
      await expect.poll(() => tab.evaluate(() => window.line.status)).toBe('offline')
      for (const n of [1, 2, 3])
        await tab.evaluate(async number => {
          await window.line.channel('orders').publish('add', { n: number })
        }, n)
      expect(await post(tab, 'one')).toBe(202)
      await tab.close()
      await app.restore()

      // Messages say whose they are. Calls of `fetch` wait for their user, or go by Background Sync before anybody comes.
      const ben = await openOffline(engine, app, { scope: 'ben' })
      await expect.poll(() => endpoint.handled(), { timeout: 15_000 }).toEqual([1, 2, 3])
      const ann = await openOffline(engine, app, { scope: `ann@${server.url}` })
      await expect.poll(() => written(app), { timeout: 15_000 }).toEqual(['one'])
      for (const opened of [ben, ann]) await opened.close()
      await away.close()
    },
  },
]

async function appServer(): Promise<AppServer> {
  const app = await startAppServer(process.env['PARTYLINE_APP_FOLDER'] ?? '')
  onTestFinished(() => app.close())
  return app
}

async function openOffline(engine: Engine, app: AppServer, query: Record<string, string>): Promise<Tab> {
  const tab = await engine.open(`${app.url}/offline/?${new URLSearchParams(query)}`)
  await controlled(tab)
  return tab
}

/** The service worker answers the page's requests, and knows whose it is. */
function controlled(tab: Tab): Promise<void> {
  return tab.evaluate(async () => {
    await window.controlled
  })
}

function get(tab: Tab): Promise<string> {
  return tab.evaluate(async () => {
    const response = await fetch('/api/orders')
    return `${response.status} ${await response.text()}`
  })
}

function post(tab: Tab, body: string): Promise<number> {
  return tab.evaluate(async text => (await fetch('/api/orders', { method: 'POST', body: text })).status, body)
}

function written(app: AppServer): string[] {
  return app.requests.filter(({ method, path }) => method === 'POST' && path === '/api/orders').map(({ body }) => body)
}
