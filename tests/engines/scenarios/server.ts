import { expect } from 'vitest'
import type { Entry } from '../../support/app/main.ts'
import { numbersIn } from '../../support/e2e/tab.ts'
import { upTo } from '../../support/engines/app-tab.ts'
import type { Scenario } from '../../support/engines/scenario.ts'
import { tickMany } from '../../support/engines/ticks.ts'

/** A server that goes away, and one that loses a connection. */
export const serverScenarios: readonly Scenario[] = [
  {
    name: 'a killed and restarted server takes all tabs through offline to open, and the loss is told',
    async run({ server, serve, openTabs }) {
      const tabs = await openTabs(3)
      const before = tickMany(server, 20)
      await Promise.all(tabs.map(tab => tab.reached(before)))

      await server.close()
      for (const tab of tabs) await expect.poll(() => tab.evaluate(() => window.line.status)).toBe('offline')
      const again = await serve({ port: server.port })
      for (const tab of tabs) await expect.poll(() => tab.evaluate(() => window.line.status)).toBe('open')
      await expect.poll(() => again.joins).toEqual(['orders'])
      // More than before, so that the last event cannot be taken for one of the killed server's.
      const after = tickMany(again, before + 10)
      await Promise.all(tabs.map(tab => tab.reached(after)))

      for (const tab of tabs) {
        const { untilVerdict, verdicts, afterVerdict } = aroundVerdict(await tab.ledger())
        expect(verdicts).toEqual(['unknown'])
        expect(untilVerdict).toEqual(upTo(before))
        expect(afterVerdict).toEqual(upTo(after))
      }
      expect(again.peakConnections()).toBe(1)
    },
  },
  {
    name: 'what the server sent while the connection was cut is recovered in every tab',
    async run({ server, openTabs }) {
      const tabs = await openTabs(3)
      const before = tickMany(server, 20)
      await Promise.all(tabs.map(tab => tab.reached(before)))

      await server.cut()
      const last = tickMany(server, 50)
      await Promise.all(tabs.map(tab => tab.reached(last)))

      for (const tab of tabs) {
        expect(aroundVerdict(await tab.ledger()).verdicts).toEqual(['recovered'])
        expect(await tab.numbers()).toEqual(upTo(last))
      }
      expect(server.peakConnections()).toBe(1)
    },
  },
]

/** The verdicts, and the events on both sides of the first. */
function aroundVerdict(ledger: readonly Entry[]) {
  const index = ledger.findIndex(({ kind }) => kind === 'continuity')
  return {
    verdicts: ledger.flatMap(entry => (entry.kind === 'continuity' ? [entry.continuity.verdict] : [])),
    untilVerdict: numbersIn(ledger.slice(0, index)),
    afterVerdict: numbersIn(ledger.slice(index)),
  }
}
