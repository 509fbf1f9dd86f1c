import { expect } from 'vitest'
import { watchConnections } from '../../support/chaos/connection-watch.ts'
import { untoldLosses, upTo, type AppTab } from '../../support/engines/app-tab.ts'
import type { Scenario } from '../../support/engines/scenario.ts'
import { keepUp, tickMany } from '../../support/engines/ticks.ts'

declare global {
  interface Window {
    taken: number[]
    persisted: boolean
  }
}

const CACHED_EVENTS = 1_000
/** While one broker takes over from another, the server may see the older connection end after the newer has come. */
const HANDOVER_MS = 2_000

/** What a line promises wherever it runs. */
export const lineScenarios: readonly Scenario[] = [
  {
    name: 'a page in the back/forward cache survives 1000 events and has them all when it is back',
    async run({ server, awayUrl, openTab }) {
      const traveller = await openTab()
      const stayer = await openTab()
      const before = tickMany(server, 10)
      await traveller.reached(before)
      await traveller.evaluate(() => {
        addEventListener('pageshow', event => {
          window.persisted = event.persisted
        })
      })
      await traveller.goto(awayUrl)
      const last = tickMany(server, CACHED_EVENTS)
      await stayer.reached(last)
      await traveller.back()
      expect(await traveller.evaluate(() => window.persisted)).toBe(true)
      await traveller.reached(last)
      expect(await traveller.numbers()).toEqual(upTo(last))
      expect((await traveller.ledger()).filter(({ kind }) => kind === 'continuity')).toEqual([
        { kind: 'continuity', channel: 'orders', continuity: { verdict: 'recovered' } },
      ])
      expect(server.peakConnections()).toBe(1)
    },
  },
  {
    name: 'what is for one tab comes to exactly one, and to another when that one has gone',
    async run({ server, openTabs }) {
      const tabs = await openTabs(3)
      for (const tab of tabs) await takeOnes(tab)
      const first = tickMany(server, 20)
      for (const tab of tabs) await tab.reached(first)
      await expect.poll(() => takenBy(tabs)).toEqual(upTo(first))
      // The focus may have moved meanwhile: some engines tell of it late.
      const taken = await Promise.all(tabs.map(tab => takenBy([tab])))
      const taker = tabs[taken.findIndex(numbers => numbers.includes(first))]
      if (taker === undefined) throw new Error('no tab has taken the last one')
      const others = tabs.filter(tab => tab !== taker)
      await taker.close()
      await expect.poll(async () => (await others[0]?.stats())?.sessions.attached).toBe(2)
      // WebKit may run the worker's script anew when a tab has gone.
      await keepUp(server, others)
      const before = server.tick('orders')
      for (const tab of others) await tab.reached(before)
      await expect.poll(async () => (await takenBy(others)).at(-1)).toBe(before)
      const takenBefore = await takenBy(others)
      const last = tickMany(server, 20)
      await expect.poll(() => takenBy(others)).toEqual([...takenBefore, ...upTo(last).slice(before)])
    },
  },
  {
    name: 'forget ends the line in all tabs of the scope, and whoever comes then starts anew',
    async run({ server, openTab, openTabs }) {
      const tabs = await openTabs(2)
      await tabs[0]?.evaluate(() => window.line.forget())
      for (const tab of tabs)
        await expect
          .poll(() => tab.evaluate(() => `${window.line.status} ${window.line.reason}`))
          .toBe('closed forgotten')
      await expect.poll(() => server.connections()).toBe(0)
      const next = await openTab()
      const last = tickMany(server, 10)
      await next.reached(last)
      expect(await next.numbers()).toEqual(upTo(last))
      expect(server.connections()).toBe(1)
    },
  },
  {
    name: 'a second deploy takes over from the tabs of the first on one connection, and nothing is lost',
    async run({ server, openTab, openTabs }) {
      const old = await openTabs(3)
      const before = tickMany(server, 50)
      for (const tab of old) await tab.reached(before)
      const ticking = setInterval(() => server.tick('orders'), 10)
      const connections = watchConnections(server.connections, 1)
      const newer = await openTab({ deploy: 'next' })
      const tabs = [...old, newer]
      await expect.poll(async () => new Set(await Promise.all(tabs.map(epochOf))).size, { timeout: 5_000 }).toBe(1)
      clearInterval(ticking)
      const last = tickMany(server, 10)
      for (const tab of tabs) await tab.reached(last)
      for (const tab of old) expect(await tab.numbers()).toEqual(upTo(last))
      expect(untoldLosses(await newer.ledger())).toEqual([])
      connections.stop()
      expect(connections.longestOverlapMs()).toBeLessThan(HANDOVER_MS)
      expect(server.connections()).toBe(1)
    },
  },
]

function takeOnes(tab: AppTab): Promise<void> {
  return tab.evaluate(() => {
    window.taken = []
    window.line
      .channel('orders')
      .on('tick', payload => window.taken.push((payload as { n: number }).n), { deliver: 'one' })
  })
}

/** What these tabs have taken together, in order. */
async function takenBy(tabs: readonly AppTab[]): Promise<number[]> {
  const taken = await Promise.all(tabs.map(tab => tab.evaluate(() => window.taken)))
  return taken.flat().toSorted((a, b) => a - b)
}

function epochOf(tab: AppTab): Promise<string> {
  return tab.evaluate(() =>
    window.line.stats().then(
      ({ epoch }) => epoch,
      () => `none at ${location.href} ${Math.random()}`,
    ),
  )
}
