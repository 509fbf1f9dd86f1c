import type { BrowserContext, Page } from '@playwright/test'
import { servePages } from '../../support/facades/serve-pages.ts'
import { startPusherServer } from '../../support/servers/pusher/pusher-server.ts'
import { eventually } from '../../support/e2e/tab.ts'
import { expect, test } from './fixtures.ts'
import { serveRemote } from './server-remote.ts'

const TABS = 5
const FOLDER = 'tests/facades/pusher/sample'

/** Five tabs of the app, from its start to the end of the server: what their screens say at each point. */
async function play(context: BrowserContext, appUrl: string): Promise<{ screens: unknown[]; connections: number }> {
  const server = await startPusherServer()
  const { remote, end } = serveRemote(server)
  const tabs: Page[] = []
  for (let n = 0; n < TABS; n++) {
    const tab = await context.newPage()
    await tab.goto(`${appUrl}/?user=ann&port=${server.port}`)
    tabs.push(tab)
  }
  const texts = (): Promise<string[]> => Promise.all(tabs.map(tab => tab.locator('body').innerText()))
  const screens: unknown[] = []
  async function shown(text: string, of = TABS): Promise<void> {
    await eventually(async () => (await texts()).filter(screen => screen.includes(text)).length).toBe(of)
    screens.push(await texts())
  }
  await shown('The user ann')
  await eventually(() => server.subscriptions.filter(name => name === 'private-orders').length > 0).toBe(true)
  await eventually(async () => (await texts()).every(screen => screen.includes('connected'))).toBe(true)
  const connections = server.connections()
  await eventually(() => server.subscriptionCount('private-orders')).toBe(connections)
  await remote.trigger('private-orders', 'created', { id: 1, dish: 'soup' })
  await shown('1: soup')
  await remote.join('bob', 'presence-floor')
  await shown('The user ann, The user bob')
  await tabs[0]?.click('button')
  await shown('somebody has seen 1', TABS - 1)
  await remote.leave('bob', 'presence-floor')
  await eventually(async () => (await texts()).some(screen => screen.includes('bob'))).toBe(false)
  await remote.trigger('private-orders', 'created', { id: 2, dish: 'cake' })
  await shown('2: cake')
  end()
  for (const tab of tabs) await tab.close()
  await server.close()
  return { screens, connections }
}

test('five tabs of an app show the same when only its import has changed, over one connection', async ({ context }) => {
  const before = await servePages(FOLDER)
  const after = await serveFace()
  const original = await play(context, before.url)
  const face = await play(context, after.url)
  expect(face.screens).toEqual(original.screens)
  expect([original.connections, face.connections]).toEqual([TABS, 1])
  await before.close()
  await after.close()
})

test('tabs of different users have connections of their own, where the options show who they are', async ({
  context,
}) => {
  const { url, close } = await serveFace()
  const server = await startPusherServer()
  for (const user of ['ann', 'bob', 'ann', 'bob']) {
    const tab = await context.newPage()
    await tab.goto(`${url}/?user=${user}&port=${server.port}`)
    await eventually(() => tab.locator('#staff').innerText()).toContain(user)
  }
  expect(server.connections()).toBe(2)
  expect(server.auth.log.map(({ channel, user }) => `${user} ${channel}`).toSorted()).toEqual([
    'ann presence-floor',
    'ann private-orders',
    'bob presence-floor',
    'bob private-orders',
  ])
  await server.close()
  await close()
})

/** The same app, with one import changed and a worker's file added. */
function serveFace(): ReturnType<typeof servePages> {
  return servePages(FOLDER, {
    swap: { module: 'pusher-js', by: 'partyline/pusher' },
    worker: 'partyline.worker.ts',
  })
}
