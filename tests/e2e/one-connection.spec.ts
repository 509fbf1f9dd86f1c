import type { Page } from '@playwright/test'
import { ALL_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { expectUnbroken, joined, ledgerOf, numbersIn, openTab, reached, tabUrl } from '../support/e2e/tab.ts'
import { seeded } from '../support/random.ts'

const SEED = Number(process.env['SEED'] ?? 7)
const TABS = 12
const ACTIONS = 60

for (const { host, connectionsOf } of ALL_HOSTS)
  test(`12 tabs come and go, with no more connections than needed, and each gets every event once and in order, on host ${host}`, async ({
    context,
    appUrl,
    serve,
  }) => {
    test.setTimeout(90_000)
    const server = await serve()
    const random = seeded(SEED)
    const options = { appUrl, server: server.url, host } as const
    // Its process hosts the worker that all share, whose death is not this test's subject: it stays until the end.
    const first = await openTab(context, options)
    const epoch = await epochOf(first)
    const tabs: Page[] = []
    const ticking = setInterval(() => server.tick('orders'), 5)

    const actions: { readonly [action: string]: (tab: Page) => Promise<void> } = {
      async navigate(tab) {
        expectUnbroken(numbersIn(await ledgerOf(tab)))
        await tab.goto(`${tabUrl(options)}&page=${random.next()}`)
      },
      async reload(tab) {
        expectUnbroken(numbersIn(await ledgerOf(tab)))
        await tab.reload()
      },
      async close(tab) {
        expectUnbroken(numbersIn(await ledgerOf(tab)))
        await tab.close()
        tabs.splice(tabs.indexOf(tab), 1, await openTab(context, options))
      },
      async crash(tab) {
        const crashed = tab.waitForEvent('crash')
        const session = await context.newCDPSession(tab)
        // Never answered: the page that would answer is gone.
        session.send('Page.crash').catch(() => undefined)
        await crashed
        await tab.close()
        tabs.splice(tabs.indexOf(tab), 1, await openTab(context, options))
      },
    }

    while (tabs.length < TABS - 1) tabs.push(await openTab(context, options))
    for (let done = 0; done < ACTIONS; done++) await actions[random.pick(Object.keys(actions))]?.(random.pick(tabs))

    clearInterval(ticking)
    await Promise.all(tabs.map(joined))
    const last = server.tick('orders')
    for (const tab of [first, ...tabs]) {
      await reached(tab, last)
      expectUnbroken(numbersIn(await ledgerOf(tab)))
    }
    expect(numbersIn(await ledgerOf(first))).toHaveLength(last)
    expect(await epochOf(first)).toBe(epoch)
    expect(server.peakConnections()).toBe(connectionsOf(TABS))
    // Where a page has its own connection, it may have gone before that was there.
    expect(server.joins.length).toBeGreaterThanOrEqual(connectionsOf(TABS))
    expect(server.joins.length).toBeLessThanOrEqual(connectionsOf(TABS + ACTIONS))

    // The crashed ones are gone from the books, too.
    await expect
      .poll(() => first.evaluate(async () => (await window.line.stats()).sessions.attached))
      .toBe(TABS / connectionsOf(TABS))
    await expect.poll(() => server.connections()).toBe(connectionsOf(TABS))
    await Promise.all([first, ...tabs].map(tab => tab.close()))
    await expect.poll(() => server.connections()).toBe(0)
  })

function epochOf(tab: Page): Promise<string> {
  return tab.evaluate(async () => (await window.line.stats()).epoch)
}
