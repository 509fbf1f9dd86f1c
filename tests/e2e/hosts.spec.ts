import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, test } from '../support/e2e/fixtures.ts'
import { brokenPromises } from '../support/chaos/ledger-rules.ts'
import { leaderOf } from '../support/e2e/leader.ts'
import {
  brokersOf,
  expectUnbroken,
  joined,
  ledgerOf,
  numbersIn,
  openTab,
  reached,
  scopeOf,
  verdictsIn,
} from '../support/e2e/tab.ts'
import { intoCache, outOfCache, type Comeback } from '../support/faults/back-forward-cache.ts'
import { crashTab } from '../support/faults/crash-tab.ts'
import { noProcesses } from '../support/faults/processes.ts'
import { stopTab } from '../support/faults/stop-tab.ts'
import { hide, show } from '../support/faults/visibility.ts'
import type { AppServer } from '../support/servers/app-server.ts'
import type { SocketIoServer } from '../support/servers/socket-io-server.ts'

/** From the end of the leader to the first event in every other tab. */
const HANDED_OVER_MS = 2_000

/**
 * What Chromium sometimes still counts of a leader that has ended it as it went, and loads the page anew: the connection
 * of its worker, and the lock that it held.
 */
const TOO_LATE = ['websocket', 'weblocks-contention']

test.describe('without SharedWorker', () => {
  test('six tabs elect one of them to run the broker, with one connection and every event in order in all', async ({
    context,
    appUrl,
    serve,
  }) => {
    const server = await serve()
    const options = { appUrl, server: server.url, host: 'elected' } as const
    const tabs = await openTabs(() => openTab(context, options), 6)
    const last = tickMany(server, 500)
    for (const tab of tabs) {
      await reached(tab, last)
      expect(numbersIn(await ledgerOf(tab))).toEqual(Array.from({ length: last }, (_, index) => index + 1))
      expect(await hostOf(tab)).toBe('elected')
    }
    expect((await brokersOf(tabs)).size).toBe(1)
    expect(await leaderOf(tabs, scopeOf(options))).toBe(tabs[0])
    expect(server.peakConnections()).toBe(1)
    expect(server.joins).toEqual(['orders'])

    await Promise.all(tabs.map(tab => tab.close()))
    await expect.poll(() => server.connections()).toBe(0)
  })

  test('another tab leads when the leader is closed, and again when that crashes, and no tab misses an event', async ({
    context,
    appUrl,
    serve,
  }) => {
    const server = await serve()
    const options = { appUrl, server: server.url, host: 'elected' } as const
    let tabs = await openTabs(() => openTab(context, options), 6)
    const stop = tick(server)
    for (const end of [(tab: Page) => tab.close(), crashTab]) {
      // Long enough for every tab to have been told up to where it has everything.
      await heard(tabs, 200)
      const leader = await leaderOf(tabs, scopeOf(options))
      if (leader === undefined) throw new Error('no tab leads')
      const before = await brokersOf(tabs)
      const at = Date.now()
      await end(leader)
      tabs = tabs.filter(tab => tab !== leader)
      await heard(tabs, 1)
      const tookMs = Date.now() - at
      test.info().annotations.push({ type: 'handed over', description: `${tookMs} ms` })
      expect(tookMs).toBeLessThan(HANDED_OVER_MS)
      const after = await brokersOf(tabs)
      expect(after.size).toBe(1)
      expect(after).not.toEqual(before)
    }
    const last = stop()
    for (const tab of tabs) {
      await reached(tab, last)
      const ledger = await ledgerOf(tab)
      expectUnbroken(numbersIn(ledger))
      expect(verdictsIn(ledger)).toEqual([{ verdict: 'recovered' }, { verdict: 'recovered' }])
      expect(await hostOf(tab)).toBe('elected')
    }
    expect(server.connections()).toBe(1)
    expect(server.peakConnections()).toBe(1)
  })

  test('a leader whose process is stopped is replaced, and finds its place when it goes on', async ({
    real: { browser, context },
    appUrl,
    serve,
  }) => {
    test.skip(noProcesses !== undefined, noProcesses)
    test.setTimeout(60_000)
    const server = await serve()
    const options = { appUrl, server: server.url, host: 'elected' } as const
    const tabs = await openTabs(() => openTab(context, options), 3)
    const stop = tick(server)
    await heard(tabs, 100)
    const leader = await leaderOf(tabs, scopeOf(options))
    if (leader === undefined) throw new Error('no tab leads')
    const others = tabs.filter(tab => tab !== leader)
    const goOn = await stopTab(browser, leader)
    try {
      await expect.poll(() => Promise.all(others.map(generationOf)), { timeout: 8_000 }).toEqual(others.map(() => 2))
    } finally {
      goOn()
    }
    await expect.poll(() => Promise.all(tabs.map(generationOf)), { timeout: 10_000 }).toEqual(tabs.map(() => 2))
    await expect.poll(() => server.connections()).toBe(1)
    await heard(tabs, 1)
    const last = stop()
    for (const tab of tabs) {
      await reached(tab, last)
      expect(brokenPromises(await ledgerOf(tab))).toEqual([])
    }
  })

  test('a tab that one can see leads rather than one that was there before it, and keeps the lead when it is hidden', async ({
    real: { context },
    appUrl,
    serve,
  }) => {
    const server = await serve()
    const options = { appUrl, server: server.url, host: 'elected' } as const
    const [leader, ...others] = await openTabs(() => openTab(context, options), 3)
    const [hidden, visible] = others
    const stop = tick(server)
    if (leader === undefined || hidden === undefined || visible === undefined) throw new Error('three tabs, please')
    expect(await hidden.evaluate(() => document.hidden)).toBe(true)
    await show(visible)
    expect(await leaderOf([leader, ...others], scopeOf(options))).toBe(leader)
    await leader.close()
    await expect.poll(() => leaderOf(others, scopeOf(options))).toBe(visible)
    await heard(others, 1)
    await hide(visible, hidden)
    await heard(others, 1)
    expect(await leaderOf(others, scopeOf(options))).toBe(visible)
    stop()
  })
})

test.describe('the back/forward cache takes and gives back', () => {
  for (const [role, index, tooLate] of [
    ['the leader', 0, TOO_LATE],
    ['a tab that follows', 1, []],
  ] as const) {
    test(`${role}, while the others go on`, async ({ real: { context }, appUrl, serve }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host: 'elected' } as const
      const tabs = await openTabs(() => openTab(context, options), 3)
      const leaves = tabs[index]
      if (leaves === undefined) throw new Error('three tabs, please')
      const others = tabs.filter(tab => tab !== leaves)
      const stop = tick(server)
      await heard(tabs, 1)
      await intoCache(leaves)
      await heard(others, 100)
      expect(await leaderOf(others, scopeOf(options))).toBeDefined()
      const comeback = await outOfCache(leaves)
      expect(tooLate).toEqual(expect.arrayContaining([...reasonsOf(comeback)]))
      await heard(tabs, 1)
      const last = stop()
      for (const tab of tabs) {
        await reached(tab, last)
        expect(await hostOf(tab)).toBe('elected')
      }
      expect((await brokersOf(tabs)).size).toBe(1)
      expect(server.connections()).toBe(1)
    })
  }

  test('a tab with a broker of its own, whose connection ends meanwhile', async ({
    real: { context },
    appUrl,
    serve,
  }) => {
    const server = await serve()
    const tab = await openTab(context, { appUrl, server: server.url, host: 'local' })
    await intoCache(tab)
    await expect.poll(() => server.connections()).toBe(0)
    expect(await outOfCache(tab)).toEqual({ persisted: true })
    await expect.poll(() => server.connections()).toBe(1)
    await joined(tab)
    await reached(tab, server.tick('orders'))
  })
})

test('without Web Locks and BroadcastChannel as well, each tab has a broker and a connection of its own', async ({
  context,
  appUrl,
  serve,
}) => {
  const server = await serve()
  const tabs = await openTabs(() => openTab(context, { appUrl, server: server.url, host: 'local' }), 3)
  const last = tickMany(server, 500)
  for (const tab of tabs) {
    await reached(tab, last)
    expectUnbroken(numbersIn(await ledgerOf(tab)))
    expect(await hostOf(tab)).toBe('local')
    expect(await tab.evaluate(() => window.line.channel('orders').request('said', { n: 7 }))).toEqual({
      ok: true,
      echo: { n: 7 },
    })
  }
  expect((await brokersOf(tabs)).size).toBe(tabs.length)
  expect(server.connections()).toBe(tabs.length)
  for (const left of [2, 1, 0]) {
    await tabs.pop()?.close()
    await expect.poll(() => server.connections()).toBe(left)
  }
})

test('tabs that one failure of the script has parted meet again on the best host, and miss nothing untold', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  const options = { appUrl: app.url, server: server.url }
  const script = await sharedWorkerScript(app)
  script.isAway = true
  const parted = await openTabs(() => openTab(context, options), 3)
  for (const tab of parted) expect(await hostOf(tab)).toBe('elected')
  const stop = tick(server)
  script.isAway = false
  const tabs = [...parted, await openTab(context, options)]
  // The first look may be 4 s away and more, where there were some in vain.
  await expect
    .poll(() => Promise.all(tabs.map(hostOf)), { timeout: 20_000 })
    .toEqual(['shared', 'shared', 'shared', 'shared'])
  await expect.poll(async () => (await brokersOf(tabs)).size).toBe(1)
  await expect.poll(() => server.connections()).toBe(1)
  await heard(tabs, 1)
  const last = stop()
  for (const tab of tabs) {
    await reached(tab, last)
    expect(brokenPromises(await ledgerOf(tab))).toEqual([])
  }
})

/** The worker's script on this server, which can be away for whoever opens it as a SharedWorker. */
async function sharedWorkerScript(app: AppServer): Promise<{ isAway: boolean }> {
  const script = { isAway: false }
  const assets = join(process.env['PARTYLINE_APP_FOLDER'] ?? '', 'assets')
  const file = (await readdir(assets)).find(name => /^app\.worker-.*\.js$/.test(name))
  if (file === undefined) throw new Error('the app has no worker')
  const body = await readFile(join(assets, file), 'utf8')
  app.on(`/assets/${file}`, ({ headers }) =>
    script.isAway && headers['sec-fetch-dest'] === 'sharedworker'
      ? { status: 503 }
      : { headers: { 'content-type': 'text/javascript', 'cache-control': 'no-cache' }, body },
  )
  return script
}

/** Why the page was loaded anew; nothing where it was not. */
function reasonsOf(comeback: Comeback): readonly string[] {
  if (comeback.persisted) return []
  return comeback.reasons.length > 0 ? comeback.reasons : ['for no reason given']
}

async function openTabs(open: () => Promise<Page>, count: number): Promise<Page[]> {
  const tabs: Page[] = []
  while (tabs.length < count) tabs.push(await open())
  return tabs
}

/** The server sends an event every 10 ms until the returned function is called, which sends the last and returns its number. */
function tick(server: SocketIoServer): () => number {
  const ticking = setInterval(() => server.tick('orders'), 10)
  return () => {
    clearInterval(ticking)
    return server.tick('orders')
  }
}

/** Resolves when every tab has handled this many more events, or later ones. */
async function heard(tabs: readonly Page[], count: number): Promise<void> {
  const targets = await Promise.all(tabs.map(async tab => (await lastOf(tab)) + count))
  for (const [index, tab] of tabs.entries())
    await expect.poll(() => lastOf(tab), { intervals: [5, 10, 20, 50] }).toBeGreaterThanOrEqual(targets[index] ?? 0)
}

function lastOf(tab: Page): Promise<number> {
  return tab.evaluate(() => window.ledger.findLast(entry => entry.kind === 'event')?.n ?? 0)
}

function tickMany(server: SocketIoServer, count: number): number {
  let last = 0
  for (let done = 0; done < count; done++) last = server.tick('orders')
  return last
}

function hostOf(tab: Page): Promise<string> {
  return tab.evaluate(() => window.line.host)
}

function generationOf(tab: Page): Promise<number | undefined> {
  return tab.evaluate(() =>
    window.line.stats().then(
      ({ generation }) => generation,
      () => undefined,
    ),
  )
}
