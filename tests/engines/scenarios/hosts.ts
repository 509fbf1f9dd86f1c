import { expect } from 'vitest'
import { attachedTo, untoldLosses, upTo, type AppTab } from '../../support/engines/app-tab.ts'
import { endProcess } from '../../support/engines/processes.ts'
import type { Scenario } from '../../support/engines/scenario.ts'
import { keepUp, tickMany } from '../../support/engines/ticks.ts'

/** A visible tab notices within 4 s that its broker is gone, and that is replaced within 2 s more. */
const NOTICED_MS = 4_000
const REPLACED_MS = 2_000

/** Where the broker runs, and what happens when that ends. */
export const hostScenarios: readonly Scenario[] = [
  {
    name: 'when the process of the worker is killed, the tabs get another broker, and a loss is told',
    needs: ['process'],
    async run({ server, openTab, openTabs }) {
      const opener = await openTab()
      const others = await openTabs(2)
      const processId = await opener.processId()
      await keepUp(server, others)
      // The process stays for the worker's sake, so that no tab dies with it.
      await opener.close()
      endProcess(processId)
      await keepUp(server, others, NOTICED_MS + REPLACED_MS)
      for (const tab of others) expect(untoldLosses(await tab.ledger())).toEqual([])
      await expect.poll(() => server.connections()).toBe(1)
    },
  },
  {
    name: 'without SharedWorker the tabs share the connection of one of them, and the next one takes over',
    async run({ server, openTab }) {
      const leader = await openTab({ host: 'elected' })
      const others = [await openTab({ host: 'elected' }), await openTab({ host: 'elected' })]
      for (const tab of [leader, ...others]) expect(await hostOf(tab)).toBe('elected')
      expect(server.peakConnections()).toBe(1)

      await keepUp(server, [leader, ...others])
      await leader.close()
      await keepUp(server, others)
      for (const tab of others) {
        expect(untoldLosses(await tab.ledger())).toEqual([])
        expect(await attachedTo(tab)).toBe(2)
      }
      expect(server.connections()).toBe(1)
    },
  },
  {
    name: 'without SharedWorker a tab that follows may end the line of all, and nobody leads it on',
    async run({ server, openTab }) {
      const tabs: AppTab[] = []
      while (tabs.length < 4) tabs.push(await openTab({ host: 'elected' }))
      const joins = server.joins.length
      await tabs.at(-1)?.evaluate(() => window.line.forget())
      for (const tab of tabs)
        await expect
          .poll(() => tab.evaluate(() => `${window.line.status} ${window.line.reason}`))
          .toBe('closed forgotten')
      await expect.poll(() => server.connections()).toBe(0)
      expect(server.joins).toHaveLength(joins)
    },
  },
  {
    name: 'without Web Locks and BroadcastChannel as well, each tab has a broker and a connection of its own',
    async run({ server, openTab }) {
      const tabs = [await openTab({ host: 'local' }), await openTab({ host: 'local' })]
      const last = tickMany(server, 200)
      for (const tab of tabs) {
        await tab.reached(last)
        expect(await tab.numbers()).toEqual(upTo(last))
        expect(await hostOf(tab)).toBe('local')
      }
      expect(server.connections()).toBe(2)
    },
  },
]

function hostOf(tab: AppTab): Promise<string> {
  return tab.evaluate(() => window.line.host)
}
