import type { Page } from '@playwright/test'
import type { Entry } from '../support/app/main.ts'
import { ALL_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { expectUnbroken, ledgerOf, numbersIn, openTab, reached } from '../support/e2e/tab.ts'

const TABS = 5

for (const { host, connectionsOf } of ALL_HOSTS)
  test.describe(`with the broker on host ${host}`, () => {
    test('a killed and restarted server takes all tabs through offline to open, and the loss is told', async ({
      context,
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }))
      const before = tickMany(() => server.tick('orders'), 20)
      await Promise.all(tabs.map(tab => reached(tab, before)))

      await server.close()
      await Promise.all(tabs.map(tab => tab.waitForFunction(() => window.line.status === 'offline')))
      const again = await serve({ port: server.port })
      await Promise.all(tabs.map(tab => tab.waitForFunction(() => window.line.status === 'open')))
      await expect.poll(() => again.joins).toHaveLength(connectionsOf(TABS))
      const after = tickMany(() => again.tick('orders'), 20)
      await Promise.all(tabs.map(tab => reached(tab, after)))

      for (const tab of tabs) {
        const ledger = await ledgerOf(tab)
        expect(statuses(ledger)).toEqual(expect.arrayContaining(['offline', 'open']))
        const { untilVerdict, afterVerdict, verdicts } = around(ledger)
        expect(verdicts).toEqual([{ verdict: 'unknown' }])
        expect(untilVerdict).toEqual(upTo(before))
        expect(afterVerdict).toEqual(upTo(after))
      }
      expect(again.peakConnections()).toBe(connectionsOf(TABS))
    })

    test('what the server sent while the connection was cut is recovered in every tab', async ({
      context,
      appUrl,
      serve,
    }) => {
      const server = await serve()
      const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host }))
      const before = tickMany(() => server.tick('orders'), 20)
      await Promise.all(tabs.map(tab => reached(tab, before)))

      await server.cut()
      const last = tickMany(() => server.tick('orders'), 50)
      await Promise.all(tabs.map(tab => reached(tab, last)))

      for (const tab of tabs) {
        const ledger = await ledgerOf(tab)
        expect(statuses(ledger)).toEqual(['open', 'offline', 'connecting', 'open'].slice(-statuses(ledger).length))
        const { verdicts } = around(ledger)
        expect(verdicts).toEqual([{ verdict: 'recovered' }])
        expect(numbersIn(ledger)).toEqual(upTo(last))
        expectUnbroken(numbersIn(ledger))
      }
      expect(server.peakConnections()).toBe(connectionsOf(TABS))
    })
  })

async function openTabs(open: () => Promise<Page>): Promise<Page[]> {
  const tabs: Page[] = []
  while (tabs.length < TABS) tabs.push(await open())
  return tabs
}

function tickMany(tick: () => number, count: number): number {
  let last = 0
  for (let done = 0; done < count; done++) last = tick()
  return last
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}

function statuses(ledger: readonly Entry[]): string[] {
  return ledger.flatMap(entry => (entry.kind === 'status' ? [entry.change.status] : []))
}

/** The events on both sides of the first verdict. */
function around(ledger: readonly Entry[]) {
  const index = ledger.findIndex(({ kind }) => kind === 'continuity')
  return {
    verdicts: ledger.flatMap(entry => (entry.kind === 'continuity' ? [entry.continuity] : [])),
    untilVerdict: numbersIn(ledger.slice(0, index)),
    afterVerdict: numbersIn(ledger.slice(index)),
  }
}
