import { chromium, type BrowserContext, type Page } from '@playwright/test'
import { chromiumLaunchOptions } from '../../support/chromium.ts'
import type { FaceServer } from '../../support/servers/face-server.ts'
import { killBroker } from '../../support/faults/kill-broker.ts'
import { eventually } from '../../support/e2e/tab.ts'
import { expect, test } from './fixtures.ts'

async function openTab(context: BrowserContext, server: FaceServer, user = 'ann'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${server.url}/pages/tab.html?user=${user}`)
  await eventually(() => page.evaluate(() => window.socket.connected)).toBe(true)
  return page
}

const openTabs = async (context: BrowserContext, server: FaceServer, count = 5): Promise<Page[]> => {
  const tabs: Page[] = []
  while (tabs.length < count) tabs.push(await openTab(context, server))
  return tabs
}

const noted = (page: Page) => eventually(() => page.evaluate(() => window.noted))
const connected = ['connect', false]

test('five tabs are one socket at the server, and a late one has its id', async ({ context, serve }) => {
  const server = await serve()
  const tabs = await openTabs(context, server)
  const ids = await Promise.all(tabs.map(tab => tab.evaluate(() => window.socket.id)))
  expect(new Set(ids).size).toBe(1)
  expect(await server.command('peak')).toBe(1)
  expect(await server.command('log', '/')).toEqual([['connect', { token: 'ann' }]])
})

test('an acknowledgement that the server asks for is answered by exactly one tab, and all hear the event', async ({
  context,
  serve,
}) => {
  const server = await serve()
  const tabs = await openTabs(context, server)
  // One answer from each socket of the server, of which there is one.
  expect(await server.command('ask', '/', 'question', 1)).toEqual(['ann'])
  for (const tab of tabs) await noted(tab).toEqual([connected, ['question', 1]])
})

test('acknowledgements come to the tab that asked for them alone', async ({ context, serve }) => {
  const server = await serve()
  const tabs = await openTabs(context, server)
  const answers = await Promise.all(
    tabs.map((tab, n) => tab.evaluate(which => window.socket.emitWithAck('echo', which), n)),
  )
  expect(answers).toEqual([0, 1, 2, 3, 4])
})

test('disconnect() is one tab’s own; with the last one the server hears of it', async ({ context, serve }) => {
  const server = await serve()
  const [first, ...others] = await openTabs(context, server)
  await first?.evaluate(() => window.socket.disconnect())
  await server.command('emit', '/', 'news', 1)
  for (const tab of others) await noted(tab).toEqual([connected, ['news', 1]])
  if (first) await noted(first).toEqual([connected, ['disconnect', 'io client disconnect']])
  for (const tab of others) await tab.evaluate(() => window.socket.disconnect())
  await server.command('seen', '/', 'disconnect')
  expect(await server.command('log', '/')).toEqual([
    ['connect', { token: 'ann' }],
    ['disconnect', 'client namespace disconnect'],
  ])
})

test('io server disconnect concerns all tabs, and none connects again by itself', async ({ context, serve }) => {
  const server = await serve()
  const tabs = await openTabs(context, server)
  await tabs[0]?.evaluate(() => window.socket.emit('kick'))
  for (const tab of tabs) await noted(tab).toEqual([connected, ['disconnect', 'io server disconnect']])
  expect(await server.command('log', '/')).toHaveLength(3)
  await tabs[1]?.evaluate(() => window.socket.connect())
  if (tabs[1]) await noted(tabs[1]).toEqual([connected, ['disconnect', 'io server disconnect'], connected])
  expect(await tabs[2]?.evaluate(() => window.socket.active)).toBe(false)
})

test('users with other auth have a connection of their own', async ({ context, serve }) => {
  const server = await serve()
  const ann = await openTab(context, server)
  const bob = await openTab(context, server, 'bob')
  expect(await server.command('connections')).toBe(2)
  const who = (tab: Page) => tab.evaluate(() => window.socket.emitWithAck('whoami'))
  expect(await who(ann)).toMatchObject({ auth: { token: 'ann' } })
  expect(await who(bob)).toMatchObject({ auth: { token: 'bob' } })
})

test('a tab that connects with another token lets go of what it had with the last one', async ({ context, serve }) => {
  const server = await serve()
  const tab = await openTab(context, server)
  // A tab holds one for each line that it has.
  const locks = () => tab.evaluate(async () => (await navigator.locks.query()).held?.length)
  await eventually(locks).toBe(1)
  for (const token of ['second', 'third']) {
    await tab.evaluate(
      auth => {
        window.socket.auth = auth
        window.socket.disconnect().connect()
      },
      { token },
    )
    await eventually(() => tab.evaluate(() => window.socket.connected)).toBe(true)
    expect(await tab.evaluate(() => window.socket.emitWithAck('whoami'))).toMatchObject({ auth: { token } })
  }
  await eventually(locks).toBe(1)
})

test('a room is left at the server when the last tab that had entered is gone', async ({ context, serve }) => {
  const server = await serve()
  const [first, second, third] = (await openTabs(context, server, 3)) as [Page, Page, Page]
  for (const tab of [first, second]) await tab.evaluate(() => window.socket.emitWithAck('join', 'room'))
  await first.evaluate(() => window.socket.emit('leave', 'room'))
  await third.evaluate(() => window.socket.emit('to', 'room', 'hello'))
  await noted(third).toEqual([connected, ['hello']])
  expect(await server.command('log', '/')).not.toContainEqual(['leave', 'room'])
  await second.close()
  await server.command('seen', '/', 'leave')
})

test('what the app says is for the other tabs reaches them, and the server once', async ({ context, serve }) => {
  const server = await serve()
  const [author, ...others] = (await openTabs(context, server)) as [Page, ...Page[]]
  await author.evaluate(() => window.socket.emit('typing', { by: 'ann' }))
  for (const tab of others) await noted(tab).toEqual([connected, ['typing', { by: 'ann' }]])
  await noted(author).toEqual([connected])
  await server.command('seen', '/', 'typing')
  expect(await server.command('log', '/')).toHaveLength(2)
})

test('after the worker was killed all tabs are back, each having heard of it', async ({ serve }) => {
  const server = await serve()
  // One in which no other test has a worker.
  const browser = await chromium.launch(chromiumLaunchOptions())
  const tabs = await openTabs(await browser.newContext(), server)
  await killBroker(browser)
  for (const tab of tabs)
    await expect
      .poll(() => tab.evaluate(() => window.noted), { timeout: 15_000 })
      .toEqual([connected, ['disconnect', 'transport close'], connected])
  await eventually(() => server.command('connections')).toBe(1)
  await browser.close()
})
