import type { Page } from '@playwright/test'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createDemoServer } from '../../demo/server/index.mjs'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { expect, test } from '../support/e2e/fixtures.ts'

test('the restaurant shows three tabs on one connection, and what one tab does in the others', async ({ context }) => {
  const server = await createDemoServer({ page: true, ratePerSecond: 0, chatter: false })
  const open = async (): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(server.url)
    return page
  }
  const [first, second, third] = [await open(), await open(), await open()]

  await expect(second.getByTestId('tabs')).toHaveText('3')
  await expect(second.getByTestId('connections')).toHaveText('1')
  expect(server.io.engine.clientsCount).toBe(1)

  await first.getByRole('button', { name: 'New order' }).click()
  await first.getByRole('spinbutton', { name: 'Table' }).fill('12')
  await first.getByLabel('Note').fill('by the window')
  await first
    .getByRole('button', { name: /^One .* more$/ })
    .first()
    .click()
  await first.getByRole('button', { name: 'Send to the kitchen' }).click()
  await expect(second.getByText('by the window')).toBeVisible()

  await second.getByPlaceholder('Tell the floor').fill('Table 12 is here')
  await second.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(third.getByText('Table 12 is here')).toBeVisible()

  await third.close()
  await expect(first.getByTestId('tabs')).toHaveText('2')
  await server.close()
})

test('`npm run demo` prints the address of a page that answers, and ends when it is told to', async () => {
  const demo = spawn(process.execPath, [inRoot('scripts/demo.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise(resolve => demo.once('exit', resolve))
  let address: string | undefined
  for await (const line of createInterface(demo.stdout)) {
    address = /http:\/\/\S+/.exec(line)?.[0]
    if (address !== undefined) break
  }
  const response = await fetch(address ?? '')
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('<div id="root">')
  demo.kill('SIGTERM')
  await exited
  await expect(fetch(address ?? '')).rejects.toThrow('fetch failed')
})
