import { expect } from 'vitest'
import { attachedTo, untoldLosses, upTo } from '../../support/engines/app-tab.ts'
import type { Scenario } from '../../support/engines/scenario.ts'
import { keepUp, tickMany } from '../../support/engines/ticks.ts'

/** Pages that are left, come back and are hidden. */
export const pageScenarios: readonly Scenario[] = [
  {
    name: 'reloading one of several tabs keeps the connection and the broker',
    async run({ server, openTab, openTabs }) {
      const witness = await openTab()
      const reloaded = await openTabs(2)
      const { epoch } = await witness.stats()
      for (const tab of reloaded) {
        await tab.reload()
        await tab.joined()
      }
      const last = tickMany(server, 20)
      for (const tab of [witness, ...reloaded]) {
        await tab.reached(last)
        expect(await tab.numbers()).toEqual(upTo(last))
      }
      expect(await witness.stats()).toMatchObject({ epoch, sessions: { attached: 3 } })
      expect(server.peakConnections()).toBe(1)
    },
  },
  {
    name: 'a tab that goes elsewhere and back has its events again, and hears of those that it missed',
    async run({ server, awayUrl, openTab }) {
      const traveller = await openTab()
      const stayer = await openTab()
      const before = tickMany(server, 10)
      await traveller.reached(before)
      await traveller.goto(awayUrl)
      await stayer.reached(tickMany(server, 10))
      await traveller.back()
      await traveller.joined()
      const last = tickMany(server, 10)
      await Promise.all([traveller.reached(last), stayer.reached(last)])
      expect(untoldLosses(await traveller.ledger())).toEqual([])
      expect(await stayer.numbers()).toEqual(upTo(last))
      expect(await attachedTo(stayer)).toBe(2)
      expect(server.peakConnections()).toBe(1)
    },
  },
  {
    // Chromium keeps a page only while another tab has the same worker.
    name: 'a page comes out of the back/forward cache as it was, and goes on with its line',
    async run({ server, awayUrl, openTab }) {
      const traveller = await openTab()
      const stayer = await openTab()
      await keepUp(server, [traveller, stayer])
      await traveller.evaluate(() => (document.title = 'the page that was left'))
      await traveller.goto(awayUrl)
      await keepUp(server, [stayer])
      await traveller.back()
      expect(await traveller.evaluate(() => document.title)).toBe('the page that was left')
      await keepUp(server, [traveller, stayer])
      expect(untoldLosses(await traveller.ledger())).toEqual([])
      expect(await attachedTo(stayer)).toBe(2)
      expect(server.peakConnections()).toBe(1)
    },
  },
  {
    name: 'a hidden tab gets every event, and the broker knows who can be seen',
    needs: ['hide'],
    async run({ server, openTab }) {
      const hidden = await openTab()
      const seen = await openTab()
      await hidden.hide()
      await seen.show()
      await expect.poll(async () => (await seen.stats()).sessions.visible).toBe(1)
      const last = tickMany(server, 200)
      await Promise.all([hidden.reached(last), seen.reached(last)])
      expect(await hidden.numbers()).toEqual(upTo(last))
    },
  },
  {
    name: 'a tab that hangs holds up nobody, and has every event when it runs again',
    needs: ['process'],
    async run({ server, openTab }) {
      const busy = await openTab()
      const hanging = await openTab()
      const processId = await hanging.processId()
      process.kill(processId, 'SIGSTOP')
      const last = tickMany(server, 5_000)
      await busy.reached(last)
      process.kill(processId, 'SIGCONT')
      await hanging.reached(last)
      for (const tab of [busy, hanging]) expect(await tab.numbers()).toEqual(upTo(last))
    },
  },
]
