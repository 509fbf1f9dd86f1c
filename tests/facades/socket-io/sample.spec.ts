import type { BrowserContext, Page } from '@playwright/test'
import type { FaceServer } from '../../support/servers/face-server.ts'
import { eventually } from '../../support/e2e/tab.ts'
import { expect, test, type Side } from './fixtures.ts'

const TABS = 5

declare global {
  interface Window {
    say(text: string): void
    ask(text: string): Promise<unknown>
    notify(text: string): Promise<void>
    leave(): void
  }
}

test('five tabs of an unchanged app show the same over one connection', async ({ browser, serve }) => {
  const seen: { [side in Side]?: readonly string[] } = {}
  for (const side of ['original', 'face'] as const) {
    const server = await serve()
    const context = await browser.newContext()
    const tabs = await openTabs(context, server, side)
    // The original has two namespaces on one connection for each tab.
    expect(await server.command('connections')).toBe(side === 'original' ? TABS : 1)
    seen[side] = await play(tabs)
    expect(await server.command('peak')).toBe(side === 'original' ? TABS : 1)
    await context.close()
  }
  expect(seen.face).toEqual(seen.original)
})

async function openTabs(context: BrowserContext, server: FaceServer, side: Side): Promise<readonly Page[]> {
  const tabs: Page[] = []
  for (let n = 0; n < TABS; n++) {
    const page = await context.newPage()
    await page.goto(`${server.url}/sample/${side}.html`)
    await eventually(() => page.evaluate(() => document.body.textContent)).toBe('connected\nin the lobby')
    tabs.push(page)
  }
  return tabs
}

/** What is on the tabs' screens after a while. */
async function play(tabs: readonly Page[]): Promise<readonly string[]> {
  const [first] = tabs
  const lines = ['connected', 'in the lobby']
  const shown = async (line: string): Promise<void> => {
    lines.push(line)
    for (const tab of tabs) await eventually(() => tab.evaluate(() => document.body.textContent)).toBe(lines.join('\n'))
  }
  for (const [n, tab] of tabs.entries()) {
    await tab.evaluate(text => window.say(text), `hello from ${n}`)
    await shown(`ann: hello from ${n}`)
  }
  expect(await first?.evaluate(() => window.ask('anybody?'))).toBe('anybody?')
  await first?.evaluate(() => window.notify('closing'))
  await shown('! closing')
  await first?.evaluate(() => window.leave())
  await tabs[1]?.evaluate(() => window.say('bye'))
  lines.push('ann: bye')
  for (const tab of tabs.slice(1))
    await eventually(() => tab.evaluate(() => document.body.textContent)).toBe(lines.join('\n'))
  return Promise.all(tabs.map(tab => tab.evaluate(() => document.body.textContent ?? '')))
}
