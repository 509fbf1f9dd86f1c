import type { BrowserContext, Page } from '@playwright/test'
import type { Credentials } from '../../src/client/index.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { eventually, ledgerOf, numbersIn, openTab, reached, tabUrl, verdictsIn } from '../support/e2e/tab.ts'
import { ALL_TRANSPORTS } from '../support/e2e/transports/all-transports.ts'
import type { PresenceUnderTest, ServerUnderTest } from '../support/e2e/transports/transport-under-test.ts'

const TABS = 10
/** A token is renewed 10 s ahead of its expiry: this one, when it has been used for a moment. */
const SOON_TO_BE_RENEWED_MS = 11_500

for (const { name, start, verdictAfterRestart, presence } of ALL_TRANSPORTS)
  test.describe(`over ${name}`, () => {
    let server: ServerUnderTest

    test.beforeEach(async () => {
      server = await start()
    })

    test.afterEach(() => server.close())

    test('10 tabs have one connection and one join, and each gets every event once and in order', async ({
      context,
      appUrl,
    }) => {
      await signIn(context, () => ({ token: server.tokens.first }))
      const options = { appUrl, server: server.address }
      const first = await openTab(context, options)
      emit(server, 1, 20)
      await reached(first, 20)
      const others = await openTabs(context, options, TABS - 1)
      emit(server, 21, 60)
      for (const tab of [first, ...others]) await reached(tab, 60)

      expect(numbersIn(await ledgerOf(first))).toEqual(range(1, 60))
      for (const tab of others) expect(numbersIn(await ledgerOf(tab))).toEqual(range(21, 60))
      expect(server.peakConnections()).toBe(1)
      expect(server.joins()).toBe(1)
    })

    test(`a killed and restarted server takes all tabs through offline to open, and what was missed is ${verdictAfterRestart}`, async ({
      context,
      appUrl,
    }) => {
      await signIn(context, () => ({ token: server.tokens.first }))
      const tabs = await openTabs(context, { appUrl, server: server.address }, TABS)
      emit(server, 1, 20)
      for (const tab of tabs) await reached(tab, 20)

      await server.kill()
      for (const tab of tabs) await eventually(() => statusOf(tab)).toMatch('offline')
      await server.restart()
      // Nobody can be back yet.
      emit(server, 21, 25)
      for (const tab of tabs) await eventually(() => statusOf(tab)).toBe('open')
      await eventually(() => server.joins()).toBe(1)
      for (const tab of tabs) await eventually(async () => verdictsIn(await ledgerOf(tab))).toHaveLength(1)
      emit(server, 26, 45)
      for (const tab of tabs) await reached(tab, 45)

      const missed = verdictAfterRestart === 'recovered' ? range(21, 25) : []
      for (const tab of tabs) {
        const ledger = await ledgerOf(tab)
        const verdict = ledger.findIndex(({ kind }) => kind === 'continuity')
        expect(verdictsIn(ledger)).toEqual([{ verdict: verdictAfterRestart }])
        expect(numbersIn(ledger.slice(0, verdict))).toEqual(range(1, 20))
        expect(numbersIn(ledger.slice(verdict))).toEqual([...missed, ...range(26, 45)])
      }
      expect(server.peakConnections()).toBe(1)
    })

    test('a late tab hears who is there, and who goes', async ({ browser, context, appUrl }) => {
      test.skip(presence === undefined, 'not offered: presence')
      if (presence === undefined) return
      const elsewhere = await browser.newContext()
      await signIn(context, () => ({ token: server.tokens.first, user: 'ann' }))
      await signIn(elsewhere, () => ({ token: server.tokens.first, user: 'ben' }))
      const options = { appUrl, server: server.address }
      const ann = await openTab(context, options)
      const ben = await openTab(elsewhere, options)
      await enter(ann, 'ann', presence)
      await enter(ben, 'ben', presence)
      await eventually(() => present(ann, presence)).toEqual(['ann', 'ben'])

      const late = await openTab(context, options)
      await watch(late, presence)
      await eventually(() => present(late, presence)).toEqual(['ann', 'ben'])
      await elsewhere.close()
      for (const tab of [ann, late]) await eventually(() => present(tab, presence)).toEqual(['ann'])
      await eventually(() => server.connections()).toBe(1)
    })

    test('a refused token blocks all tabs, and a tab with another one opens the line for all', async ({
      context,
      appUrl,
    }) => {
      let token = server.tokens.refused
      await signIn(context, () => ({ token }))
      const options = { appUrl, server: server.address }
      const tabs = [await context.newPage(), await context.newPage()]
      for (const tab of tabs) await tab.goto(tabUrl(options))
      for (const tab of tabs)
        await eventually(() => tab.evaluate(() => [window.line.status, window.line.reason])).toEqual([
          'blocked',
          'credentials-refused',
        ])

      token = server.tokens.first
      tabs.push(await openTab(context, options))
      for (const tab of tabs) await eventually(() => statusOf(tab)).toBe('open')
      emit(server, 1, 5)
      for (const tab of tabs) {
        await reached(tab, 5)
        expect(numbersIn(await ledgerOf(tab))).toEqual(range(1, 5))
      }
      expect(server.connections()).toBe(1)
    })

    test('a token that has expired is followed by another, and all tabs go on', async ({ context, appUrl }) => {
      let token = server.tokens.first
      await signIn(context, () => ({ token }))
      const tabs = await openTabs(context, { appUrl, server: server.address }, 2)
      emit(server, 1, 5)
      for (const tab of tabs) await reached(tab, 5)

      token = server.tokens.next
      server.expire()
      await eventually(() => server.joins()).toBeGreaterThan(1)
      for (const tab of tabs) await eventually(async () => verdictsIn(await ledgerOf(tab))).toHaveLength(1)
      emit(server, 6, 10)
      for (const tab of tabs) {
        await reached(tab, 10)
        expect(numbersIn(await ledgerOf(tab))).toEqual(range(1, 10))
        expect(await statusOf(tab)).toBe('open')
      }
      await eventually(() => server.connections()).toBe(1)
    })

    test('a token is renewed ahead of its expiry on the open connection', async ({ context, appUrl }) => {
      test.skip(server.hasBeenRenewed === undefined, 'not offered: renewal')
      let asked = 0
      await signIn(context, () =>
        ++asked === 1
          ? { token: server.tokens.first, expiresAt: Date.now() + SOON_TO_BE_RENEWED_MS }
          : { token: server.tokens.next },
      )
      const tab = await openTab(context, { appUrl, server: server.address })
      await eventually(() => server.hasBeenRenewed?.()).toBe(true)
      emit(server, 1, 5)
      await reached(tab, 5)

      const ledger = await ledgerOf(tab)
      expect(numbersIn(ledger)).toEqual(range(1, 5))
      expect(verdictsIn(ledger)).toEqual([])
      expect(asked).toBe(2)
      expect(server.joins()).toBe(1)
      expect(server.peakConnections()).toBe(1)
    })
  })

/** Pages of this browser give these credentials. */
async function signIn(context: BrowserContext, give: () => Credentials): Promise<void> {
  await context.exposeFunction('giveCredentials', give)
}

/** From here on the tab hears who is in the channel. */
async function watch(tab: Page, { channel }: PresenceUnderTest): Promise<void> {
  await tab.evaluate(id => void window.line.channel(id).onPresence(() => {}), channel)
}

async function enter(tab: Page, user: string, presence: PresenceUnderTest): Promise<void> {
  await watch(tab, presence)
  const { channel, isTold } = presence
  if (isTold)
    await tab.evaluate(([id, name]) => window.line.channel(id).track({ user: name }), [channel, user] as const)
}

async function present(tab: Page, { channel, who }: PresenceUnderTest): Promise<string[]> {
  const members = await tab.evaluate(id => window.line.channel(id).members, channel)
  return members.map(who).toSorted((a, b) => a.localeCompare(b))
}

function openTabs(context: BrowserContext, options: Parameters<typeof openTab>[1], count: number): Promise<Page[]> {
  return Promise.all(Array.from({ length: count }, () => openTab(context, options)))
}

function statusOf(tab: Page): Promise<string> {
  return tab.evaluate(() => window.line.status)
}

function emit(server: ServerUnderTest, from: number, to: number): void {
  for (const n of range(from, to)) server.emit(n)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
