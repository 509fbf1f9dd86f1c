import { expect } from 'vitest'
import { attachedTo, untoldLosses, upTo } from '../../support/engines/app-tab.ts'
import type { Scenario } from '../../support/engines/scenario.ts'
import { keepUp, tickMany } from '../../support/engines/ticks.ts'

/** Firefox loses what about every other closing page says last; then its lease tells, which it had given up before. */
const NOTICED_MS = 4_000

/** Tabs that open, talk and close. */
export const tabScenarios: readonly Scenario[] = [
  {
    name: 'several tabs share one connection and each gets every event once and in order',
    async run({ server, openTabs }) {
      const tabs = await openTabs(4)
      const last = tickMany(server, 200)
      await Promise.all(tabs.map(tab => tab.reached(last)))
      for (const tab of tabs) expect(await tab.numbers()).toEqual(upTo(last))
      expect(server.peakConnections()).toBe(1)
      expect(server.joins).toEqual(['orders'])
    },
  },
  {
    name: 'a late tab gets events at once, over the connection that is there',
    async run({ server, openTab, openTabs }) {
      await openTabs(2)
      const before = tickMany(server, 10)
      const late = await openTab()
      const last = server.tick('orders')
      await late.reached(last)
      expect(await late.numbers()).toEqual([before + 1])
      expect(server.peakConnections()).toBe(1)
      expect(server.joins).toEqual(['orders'])
    },
  },
  {
    name: 'a closed tab is noticed within four seconds, and the others go on',
    async run({ server, openTab, openTabs }) {
      const others = await openTabs(2)
      const closed = await openTab()
      await closed.close()
      for (const tab of others) await expect.poll(() => attachedTo(tab), { timeout: NOTICED_MS }).toBe(2)
      // WebKit may run the worker's script anew when a tab has gone.
      await keepUp(server, others)
      for (const tab of others) expect(untoldLosses(await tab.ledger())).toEqual([])
      await expect.poll(() => server.connections()).toBe(1)
    },
  },
  {
    // WebKit then sometimes runs the worker's script anew: another broker, to which the tabs attach again.
    name: 'when the tab that opened the worker closes, the others go on, and a loss is told',
    async run({ server, openTab, openTabs }) {
      const opener = await openTab()
      const others = await openTabs(2)
      await keepUp(server, others)
      await opener.close()
      for (const tab of others) await expect.poll(() => attachedTo(tab), { timeout: NOTICED_MS }).toBe(2)
      await keepUp(server, others)
      for (const tab of others) expect(untoldLosses(await tab.ledger())).toEqual([])
      expect(server.connections()).toBe(1)
    },
  },
  {
    name: 'a crashed tab is noticed and the others go on',
    needs: ['crash'],
    async run({ server, openTab, openTabs }) {
      // Its process hosts the worker, whose death is not this scenario's subject.
      const first = await openTab()
      const victim = await openTab()
      const tabs = [first, ...(await openTabs(1))]
      await victim.crash()
      await expect.poll(() => attachedTo(first)).toBe(2)
      const last = tickMany(server, 20)
      await Promise.all(tabs.map(tab => tab.reached(last)))
      for (const tab of tabs) expect(await tab.numbers()).toEqual(upTo(last))
      expect(server.peakConnections()).toBe(1)
    },
  },
  {
    name: 'two scopes in one browser have a connection each and share nothing',
    async run({ server, openTab }) {
      const ann = await openTab({ scope: 'ann' })
      const bob = await openTab({ scope: 'bob', channels: 'orders,bills' })
      await expect.poll(() => server.joins.toSorted()).toEqual(['bills', 'orders', 'orders'])
      server.tick('bills')
      const last = server.tick('orders')
      await Promise.all([ann.reached(last), bob.reached(last)])
      expect((await ann.ledger()).flatMap(entry => (entry.kind === 'event' ? [entry.channel] : []))).toEqual(['orders'])
      expect((await ann.stats()).epoch).not.toBe((await bob.stats()).epoch)
      expect(await attachedTo(ann)).toBe(1)
      expect(server.connections()).toBe(2)

      await ann.close()
      await expect.poll(() => server.connections()).toBe(1)
      // WebKit runs both workers in the process of the first tab.
      await keepUp(server, [bob])
    },
  },
  {
    name: 'what one tab publishes is acknowledged, and the others see what comes of it',
    async run({ server, openTab, openTabs }) {
      server.io.on('connection', socket =>
        socket.on('orders:say', said => server.io.to('orders').emit('orders:said', said)),
      )
      const author = await openTab()
      const others = await openTabs(2)
      const settled = await author.evaluate(async () => {
        const receipt = await window.line.channel('orders').publish('say', { n: 7 })
        return receipt.settled
      })
      expect(settled).toMatchObject({ outcome: 'acknowledged' })
      expect(server.published).toEqual([{ event: 'orders:say', payload: { n: 7 } }])
      await Promise.all([author, ...others].map(tab => tab.reached(7)))
    },
  },
  {
    name: 'the connection ends when the last tab closes',
    async run({ server, openTabs }) {
      const tabs = await openTabs(3)
      for (const tab of tabs) await tab.close()
      await expect.poll(() => server.connections()).toBe(0)
    },
  },
]
