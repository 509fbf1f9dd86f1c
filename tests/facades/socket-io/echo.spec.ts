import type { BrowserContext, Page } from '@playwright/test'
import { startEchoServer, type EchoServer } from '../../support/servers/echo-server.ts'
import { eventually } from '../../support/e2e/tab.ts'
import { expect, test } from './fixtures.ts'

const TABS = 5
const NOTIFICATION = 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated'

let server: EchoServer
test.beforeEach(async ({ folder }) => {
  server = await startEchoServer(folder)
})
test.afterEach(() => server.close())

async function openTab(context: BrowserContext, user = 'ann'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${server.url}/pages/echo.html?user=${user}`)
  // The answer to the last of its subscriptions.
  await heard(page, 'refused').toEqual([['closed', 403].slice(1)])
  return page
}

async function openTabs(context: BrowserContext): Promise<readonly Page[]> {
  const tabs: Page[] = []
  for (let n = 0; n < TABS; n++) tabs.push(await openTab(context))
  return tabs
}

/** What a page has heard of one kind. */
function heard(page: Page, what: string) {
  return eventually(() =>
    page.evaluate(
      kind => (window.told as [string, ...unknown[]][]).filter(([name]) => name === kind).map(([, ...rest]) => rest),
      what,
    ),
  )
}

const act = (page: Page | undefined, name: string) => page?.evaluate(which => window.act(which), name)

test('five tabs of Laravel Echo hear public and private events and notifications, over one connection', async ({
  context,
}) => {
  const tabs = await openTabs(context)
  expect(server.connections()).toBe(1)
  server.broadcast('news', 'App\\Events\\Published', { id: 1 })
  server.broadcast('private-orders.1', 'App\\Events\\Shipped', { id: 2 })
  server.broadcast('private-App.Models.User.ann', NOTIFICATION, { id: 3 })
  server.broadcast('presence-room', 'App\\Events\\Said', { id: 4 })
  for (const tab of tabs) {
    await heard(tab, 'public').toEqual([[{ id: 1 }]])
    await heard(tab, 'private').toEqual([[{ id: 2 }]])
    await heard(tab, 'notification').toEqual([[{ id: 3 }]])
    await heard(tab, 'presence').toEqual([[{ id: 4 }]])
  }
})

test('presence: a late tab hears who is here, and all hear who comes and goes', async ({ context, browser }) => {
  const tabs = await openTabs(context)
  for (const tab of tabs)
    await expect
      .poll(() => tab.evaluate(() => (window.told as unknown[][]).findLast(([what]) => what === 'here')))
      .toEqual(['here', [{ name: 'ann' }]])
  const elsewhere = await browser.newContext()
  const bob = await openTab(elsewhere, 'bob')
  await heard(bob, 'here').toEqual([[[{ name: 'ann' }, { name: 'bob' }]]])
  for (const tab of tabs) await heard(tab, 'joining').toEqual([[{ name: 'bob' }]])
  await act(bob, 'leave room')
  for (const tab of tabs) await heard(tab, 'leaving').toEqual([[{ name: 'bob' }]])
  await elsewhere.close()
})

test('whispers reach the other tabs and other browsers, and not their author', async ({ context, browser }) => {
  const [author, ...others] = await openTabs(context)
  const elsewhere = await browser.newContext()
  const bob = await openTab(elsewhere, 'bob')
  await act(author, 'whisper')
  for (const tab of [...others, bob]) await heard(tab, 'whisper').toEqual([[{ by: 'ann' }]])
  await act(bob, 'whisper')
  for (const tab of others) await heard(tab, 'whisper').toEqual([[{ by: 'ann' }], [{ by: 'bob' }]])
  if (author !== undefined) await heard(author, 'whisper').toEqual([[{ by: 'bob' }]])
  await elsewhere.close()
})

test('leave is one tab’s own: the server hears of it when the last one leaves or is gone', async ({ context }) => {
  const [first, second, ...others] = await openTabs(context)
  const left = () => server.heard.filter(what => what === 'unsubscribe private-orders.1')
  await act(first, 'leave orders')
  server.broadcast('private-orders.1', 'App\\Events\\Shipped', { id: 1 })
  for (const tab of others) await heard(tab, 'private').toEqual([[{ id: 1 }]])
  server.broadcast('news', 'App\\Events\\Published', { id: 2 })
  for (const tab of [first, second, ...others]) if (tab) await heard(tab, 'public').toEqual([[{ id: 2 }]])
  if (first !== undefined) await heard(first, 'private').toEqual([])
  expect(left()).toEqual([])
  for (const tab of others) await act(tab, 'leave orders')
  // It never said that it leaves.
  await second?.close()
  await eventually(() => left().length).toBe(1)
})

test('after the network was gone all tabs are subscribed again', async ({ context }) => {
  const tabs = await openTabs(context)
  const before = server.heard.length
  await server.cut()
  await eventually(() => server.heard.slice(before).filter(what => what === 'subscribe news').length).toBe(TABS)
  expect(server.connections()).toBe(1)
  server.broadcast('news', 'App\\Events\\Published', { id: 1 })
  for (const tab of tabs) await heard(tab, 'public').toEqual([[{ id: 1 }]])
})

test('disconnect is one tab’s own', async ({ context }) => {
  const [first, ...others] = await openTabs(context)
  await act(first, 'disconnect')
  server.broadcast('news', 'App\\Events\\Published', { id: 1 })
  for (const tab of others) await heard(tab, 'public').toEqual([[{ id: 1 }]])
  if (first !== undefined) await heard(first, 'public').toEqual([])
  expect(server.connections()).toBe(1)
})
