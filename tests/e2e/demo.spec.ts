import type { BrowserContext, Page } from '@playwright/test'
import { createDemoServer } from '../../demo/server/index.mjs'
import { startDemo } from '../support/e2e/demo-command.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { card, message, networkSwitch, opensOffline, order, say, turnNetwork } from '../support/e2e/restaurant.ts'

type DemoServer = Awaited<ReturnType<typeof createDemoServer>>

test.describe('the restaurant', () => {
  let server: DemoServer

  test.beforeEach(async () => {
    server = await createDemoServer({ page: true, ratePerSecond: 0, chatter: false })
  })

  test.afterEach(() => server.close())

  test('shows three tabs on one connection, and what one tab does in the others', async ({ context }) => {
    const [first, second, third] = [await open(context), await open(context), await open(context)]
    await expect(second.getByTestId('tabs')).toHaveText('3')
    await expect(second.getByTestId('connections')).toHaveText('1')
    expect(server.connections()).toBe(1)

    await order(first, { table: 12, note: 'by the window' })
    await expect(second.getByText('by the window')).toBeVisible()
    await say(second, 'Table 12 is here')
    await expect(third.getByText('Table 12 is here')).toBeVisible()

    await third.close()
    await expect(first.getByTestId('tabs')).toHaveText('2')
  })

  test('takes orders and messages without a network, also over a reload, and sends each once and in order', async ({
    context,
  }) => {
    const [first, second] = [await openOffline(context), await openOffline(context)]
    await order(first, { table: 3, note: 'before the cut' })
    await say(first, 'Doors are open')
    await expect(card(first, 'before the cut')).toContainText('Sent')
    await expect(message(second, 'Doors are open')).toContainText('Sent')
    await kept(first, 'before the cut', 'Doors are open')

    await turnNetwork(first)
    await order(first, { table: 12, note: 'by the window' })
    for (const text of ['one', 'two', 'three']) await say(first, text)
    await say(second, 'four')
    for (const tab of [first, second]) {
      await expect(networkSwitch(tab)).toBeChecked()
      await expect(tab.getByText('The network is cut.')).toBeVisible()
      await expect(card(tab, 'by the window')).toContainText('Waiting')
      await expect(message(tab, 'four')).toContainText('Waiting')
      await expect(tab.getByTestId('waiting')).toHaveText('5')
    }

    for (const tab of [first, second]) {
      await tab.reload()
      await expect(tab.getByText(/This is the last known state, of/)).toBeVisible()
      await expect(card(tab, 'before the cut')).toBeVisible()
      await expect(message(tab, 'Doors are open')).toBeVisible()
      await expect(card(tab, 'by the window')).toContainText('Waiting')
      await expect(message(tab, 'three')).toContainText('Waiting')
      await expect(tab.getByTestId('waiting')).toHaveText('5')
    }
    expect(server.said()).toHaveLength(1)

    await turnNetwork(second)
    for (const tab of [first, second]) {
      await expect(networkSwitch(tab)).not.toBeChecked()
      await expect(tab.getByTestId('waiting')).toHaveText('0')
      await expect(card(tab, 'by the window')).toContainText('Sent')
      await expect(message(tab, 'four')).toContainText('Sent')
      await expect(message(tab)).toHaveCount(5)
    }
    expect(server.said().map(({ text }) => text)).toEqual(['Doors are open', 'one', 'two', 'three', 'four'])
    expect(server.book.open().map(({ note }) => note)).toEqual(['before the cut', 'by the window'])
  })

  test('says why it refuses what was written, which can be sent again or discarded', async ({ context }) => {
    const [first, second] = [await openOffline(context), await openOffline(context)]
    await turnNetwork(first)
    await order(first, { table: 17, note: 'birthday' })
    await say(first, 'see https://example.com')
    await say(first, 'and this')
    await turnNetwork(first)

    for (const tab of [first, second]) {
      await expect(card(tab, 'birthday')).toContainText('Not sent There is no table 17 in this house.')
      await expect(message(tab, 'https')).toContainText('Not sent No links on the floor, please.')
      await expect(tab.getByTestId('refused')).toHaveText('2')
    }
    expect(server.said().map(({ text }) => text)).toEqual(['and this'])

    await card(second, 'birthday').getByRole('button', { name: 'Discard' }).click()
    for (const tab of [first, second]) {
      await expect(card(tab, 'birthday')).toHaveCount(0)
      await expect(tab.getByTestId('refused')).toHaveText('1')
    }
    await turnNetwork(first)
    await message(first, 'https').getByRole('button', { name: 'Send again' }).click()
    await expect(message(second, 'https')).toContainText('Waiting')
    await turnNetwork(first)
    await expect(message(second, 'https')).toContainText('Not sent')
    await first.getByRole('button', { name: 'Discard all' }).click()
    await expect(second.getByTestId('refused')).toHaveText('0')
    await expect(message(second, 'https')).toHaveCount(0)
  })

  test('keeps the last of several paces that were chosen without a network', async ({ context }) => {
    const page = await openOffline(context)
    await turnNetwork(page)
    for (const name of ['Busy', 'Rush', 'Calm']) await page.getByRole('radio', { name }).click()
    await expect(page.getByText('waiting to be told')).toBeVisible()
    await expect(page.getByTestId('waiting')).toHaveText('1')
    await turnNetwork(page)
    await expect(page.getByText('about 4 events/s')).toBeVisible()
    await expect(page.getByRole('radio', { name: 'Calm' })).toBeChecked()
  })

  test('has what came over the line once, if it comes to the endpoint of the outbox again', async ({ context }) => {
    const page = await open(context)
    await say(page, 'once')
    await expect.poll(() => server.said()).toHaveLength(1)
    const [{ key, from: scope } = {}] = server.said()
    const again = { key, lane: 'floor', channel: 'floor', event: 'say', payload: { text: 'once' } }
    const other = { ...again, key: 'other', payload: { text: 'at http://example.com' } }
    const response = await page.request.post(`${server.url}partyline/outbox`, {
      data: { scope, messages: [again, other] },
    })
    expect(await response.json()).toEqual({
      results: [
        { key, outcome: 'acknowledged' },
        { key: 'other', outcome: 'rejected', error: 'no links on the floor, please' },
      ],
    })
    expect(server.said()).toHaveLength(1)
  })

  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage()
    await page.goto(server.url)
    return page
  }

  /** One that can be opened without a network from then on. */
  async function openOffline(context: BrowserContext): Promise<Page> {
    const page = await open(context)
    await opensOffline(page)
    return page
  }
})

/** Waits until what the service worker keeps holds these. */
async function kept(page: Page, ...texts: string[]): Promise<void> {
  const all = async (): Promise<string> =>
    page.evaluate(async () => {
      const caught = (await caches.keys()).map(async name => {
        const cache = await caches.open(name)
        const answers = (await cache.keys()).filter(({ url }) => url.includes('/api/'))
        return Promise.all(answers.map(async request => (await cache.match(request))?.text()))
      })
      return (await Promise.all(caught)).flat().join('')
    })
  for (const text of texts) await expect.poll(all, { timeout: 15_000 }).toContain(text)
}

test('`npm run demo` prints the address of a page that answers, and ends when it is told to', async () => {
  const demo = await startDemo()
  const response = await fetch(demo.url)
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('<div id="root">')
  await demo.close()
  await expect(fetch(demo.url)).rejects.toThrow('fetch failed')
})
