import type { BrowserContext, Locator, Page } from '@playwright/test'
import type { FloorSnapshot, OrdersSnapshot } from '../../demo/src/model.ts'
import { TRANSPORTS } from '../../demo/src/transport/transports.ts'
import { npm } from '../../scripts/lib/npm.mjs'
import { startDemo, type DemoCommand } from '../support/e2e/demo-command.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { card, message, opensOffline, order, say, turnNetwork } from '../support/e2e/restaurant.ts'

for (const [transport, { label }] of Object.entries(TRANSPORTS))
  test.describe(`the restaurant over ${label}`, () => {
    let demo: DemoCommand

    test.beforeAll(async () => {
      demo = await startDemo('--transport', transport, '--rate', '0')
    })

    test.afterAll(() => demo.close())

    test('has three tabs on one connection, which see what each other does', async ({ context }) => {
      await call(context, 'Mara')
      const [first, second, third] = [await open(context), await open(context), await open(context)]
      for (const tab of [first, second, third]) {
        await expect(tab.getByTestId('tabs')).toHaveText('3')
        await expect(tab.getByTestId('connections')).toHaveText('1')
        await expect(tab.getByText(`${label} in a SharedWorker`)).toBeVisible()
        await expect(whoIsHere(tab)).toContainText('Mara (you)')
      }

      await order(first, { table: 12, note: 'by the window' })
      for (const tab of [second, third]) await expect(card(tab, 'by the window')).toContainText('Sent')
      await say(second, 'Table 12 is here')
      for (const tab of [first, third]) await expect(message(tab, 'Table 12 is here')).toContainText('Sent')

      await third.goto(`${demo.url}#kitchen`)
      await third.locator('.ticket').filter({ hasText: 'by the window' }).getByRole('button', { name: 'Start' }).click()
      await expect(first.locator('.column[data-name="cooking"]').getByText('by the window')).toBeVisible()
    })

    test('shows other browsers who is there and who types, and no longer when they have gone', async ({
      browser,
      context,
    }) => {
      await call(context, 'Mara')
      const elsewhere = await browser.newContext()
      await call(elsewhere, 'Noor')
      const [mara, noor] = [await open(context), await open(elsewhere)]
      await expect(whoIsHere(mara)).toContainText('Noor')
      await expect(whoIsHere(noor)).toContainText('Mara')
      await expect(mara.getByTestId('connections')).toHaveText('2')

      await noor.getByPlaceholder('Tell the floor').fill('Now')
      await expect(mara.getByText(/Noor.* typing/)).toBeVisible()
      await elsewhere.close()
      await expect(whoIsHere(mara)).not.toContainText('Noor')
      await expect(mara.getByTestId('connections')).toHaveText('1')
    })

    test('takes orders and messages without a network, sends each once and in order, and says what was refused', async ({
      context,
    }) => {
      await call(context, 'Theo')
      const [first, second] = [await open(context), await open(context)]
      for (const tab of [first, second]) await opensOffline(tab)

      await turnNetwork(first)
      await order(first, { table: 3, note: 'in the garden' })
      await order(first, { table: 17, note: 'birthday' })
      for (const text of ['Plates, please', 'Table 3 waits']) await say(first, text)
      await say(second, 'On my way')
      for (const tab of [first, second]) {
        await expect(tab.getByText('The network is cut.')).toBeVisible()
        await expect(card(tab, 'in the garden')).toContainText('Waiting')
        await expect(message(tab, 'On my way')).toContainText('Waiting')
        await expect(tab.getByTestId('waiting')).toHaveText('5')
      }

      await turnNetwork(second)
      for (const tab of [first, second]) {
        await expect(tab.getByTestId('waiting')).toHaveText('0')
        await expect(card(tab, 'in the garden')).toContainText('Sent')
        await expect(card(tab, 'birthday')).toContainText('Not sent There is no table 17 in this house.')
        await expect(message(tab, 'On my way')).toContainText('Sent')
        await expect(tab.getByTestId('connections')).toHaveText('1')
      }
      const { messages } = await read<FloorSnapshot>('floor')
      const { orders } = await read<OrdersSnapshot>('orders')
      expect(orders.filter(({ note }) => note === 'in the garden')).toHaveLength(1)
      expect(messages.filter(({ from }) => from === 'Theo').map(({ text }) => text)).toEqual([
        'Plates, please',
        'Table 3 waits',
        'On my way',
      ])
    })

    async function open(context: BrowserContext): Promise<Page> {
      const page = await context.newPage()
      await page.goto(demo.url)
      return page
    }

    async function read<Snapshot>(what: string): Promise<Snapshot> {
      return (await fetch(`${demo.url}api/${what}`)).json() as Promise<Snapshot>
    }
  })

const whoIsHere = (page: Page): Locator => page.getByRole('list', { name: 'Who is here' })

/** Whoever uses this browser is called so. */
async function call(context: BrowserContext, name: string): Promise<void> {
  await context.addInitScript(known => localStorage.setItem('partyline-demo:name', known), name)
}

test('a transport that is none is refused with the names of the four', async () => {
  const { code, output } = await npm(['run', 'demo', '--', '--transport', 'carrier-pigeon'])
  expect(code).toBe(1)
  expect(output).toContain("--transport must be one of socket-io, pusher, supabase, websocket, not 'carrier-pigeon'")
})
