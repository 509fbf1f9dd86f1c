import type { Browser, BrowserContext, Page } from '@playwright/test'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { SHARING_HOSTS } from '../support/e2e/all-hosts.ts'
import { attachToWorker } from '../support/e2e/cdp.ts'
import { expect, test as base } from '../support/e2e/fixtures.ts'
import { startRealBrowser } from '../support/e2e/real-browser.ts'
import { openTab } from '../support/e2e/tab.ts'
import { runningWorkers, withBrowserSession } from '../support/e2e/workers.ts'
import { intoCache, outOfCache } from '../support/faults/back-forward-cache.ts'
import { clockJump } from '../support/faults/clock-jump.ts'
import { crashTab } from '../support/faults/crash-tab.ts'
import { crashWorkerHost } from '../support/faults/crash-worker-host.ts'
import { freeze } from '../support/faults/freeze.ts'
import { hangBroker } from '../support/faults/hang-broker.ts'
import { killBroker } from '../support/faults/kill-broker.ts'
import { lifeOf, openPlainTab, servePlainApp, turnsOf } from '../support/faults/plain-app.ts'
import { noProcesses } from '../support/faults/processes.ts'
import { startProxy } from '../support/faults/proxy.ts'
import { reloadOnlyTab } from '../support/faults/reload-only-tab.ts'
import { stopTab } from '../support/faults/stop-tab.ts'
import { stopTimers } from '../support/faults/stop-timers.ts'
import { hide, show } from '../support/faults/visibility.ts'
import type { SocketIoServer } from '../support/servers/socket-io-server.ts'

interface PlainApp {
  readonly plain: {
    readonly url: string
    /** Opens a tab on the `real` browser. */
    open(name?: string): Promise<Page>
  }
}

const test = base.extend<PlainApp>({
  plain: async ({ real }, use) => {
    const { url, close } = await servePlainApp()
    await use({ url, open: name => openPlainTab(real.context, url, name) })
    await close()
  },
})

interface Ending {
  readonly fault: string
  readonly end: (browser: Browser, first: Page) => Promise<unknown>
  readonly needsProcesses: boolean
}

const endings: readonly Ending[] = [
  { fault: 'killed', end: browser => killBroker(browser), needsProcesses: false },
  { fault: 'crashed with the tab that started it', end: (_, first) => crashTab(first), needsProcesses: false },
  { fault: 'killed with its process', end: browser => crashWorkerHost(browser), needsProcesses: true },
]

for (const { host } of SHARING_HOSTS) {
  for (const { fault, end, needsProcesses } of endings) {
    test(`when the broker on host ${host} is ${fault}, the server sees its connection go`, async ({
      appUrl,
      real,
      serve,
    }) => {
      test.skip(needsProcesses && noProcesses !== undefined, noProcesses)
      const server = await serve()
      const first = await openTab(real.context, { appUrl, server: server.url, host })
      const second = await openTab(real.context, { appUrl, server: server.url, host })
      const gone = connectionGone(server)
      await end(real.browser, first)
      await gone
      expect(second.isClosed()).toBe(false)
    })
  }
}

test('a killed worker tells nobody, and its name can be used again at once', async ({ plain, real: { browser } }) => {
  const [one, two] = [await plain.open('one'), await plain.open('two')]
  const [lifeOfOne, lifeOfTwo] = [await lifeOf(one), await lifeOf(two)]
  await expect(killBroker(browser)).rejects.toThrow('expected one worker, found 2; there run: ')

  await killBroker(browser, ({ name }) => name === 'two')
  expect(await lifeOf(one)).toBe(lifeOfOne)
  const unanswered = isSettled(lifeOf(two))
  expect(await lifeOf(await plain.open('two'))).not.toBe(lifeOfTwo)
  expect(unanswered()).toBe(false)
})

test('a worker lives on when another tab crashes, and dies with the tab that started it', async ({ plain }) => {
  const [first, second, third] = [await plain.open(), await plain.open(), await plain.open()]
  const life = await lifeOf(third)

  await crashTab(second)
  expect(second.isClosed()).toBe(true)
  expect(await lifeOf(third)).toBe(life)

  await crashTab(first)
  const unanswered = isSettled(lifeOf(third))
  expect(await lifeOf(await plain.open())).not.toBe(life)
  expect(unanswered()).toBe(false)
})

test("a worker's process is found among several, with its tab or without", async ({ plain, real: { browser } }) => {
  test.skip(noProcesses !== undefined, noProcesses)
  const [one, two] = [await plain.open('one'), await plain.open('two')]
  const lives = [await lifeOf(one), await lifeOf(two)]

  expect(await crashWorkerHost(browser, ({ name }) => name === 'one')).toEqual([one])
  expect(one.isClosed()).toBe(true)
  expect(await lifeOf(two)).toBe(lives[1])

  const third = await plain.open('two')
  await two.close()
  expect(await lifeOf(third)).toBe(lives[1])
  expect(await crashWorkerHost(browser)).toEqual([])
  expect(third.isClosed()).toBe(false)
  expect(await lifeOf(await plain.open('two'))).not.toBe(lives[1])
})

test('a hanging worker answers when its time is over', async ({ plain, real: { browser } }) => {
  const page = await plain.open()
  const life = await lifeOf(page)
  const other = await attachToWorker(browser)
  const started = performance.now()
  await hangBroker(browser, 700)
  expect(await lifeOf(page)).toBe(life)
  expect(performance.now() - started).toBeGreaterThan(700)
  await other.detach()
})

test('a worker that hangs for good can be made to hang again, found among others, and killed', async ({
  plain,
  real: { browser },
}) => {
  const page = await plain.open()
  const life = await lifeOf(page)
  const hanging = ({ name }: { readonly name: string }) => name === 'echo'
  await hangBroker(browser, Infinity)
  const unanswered = isSettled(lifeOf(page))
  await hangBroker(browser, Infinity)
  const neighbour = await plain.open('neighbour')
  await lifeOf(neighbour)

  if (noProcesses === undefined) {
    await expect(crashWorkerHost(browser, hanging)).rejects.toThrow('this worker hangs')
    expect(await crashWorkerHost(browser, ({ name }) => name === 'neighbour')).toEqual([neighbour])
  }
  await killBroker(browser, hanging)
  expect(await lifeOf(await plain.open())).not.toBe(life)
  expect(unanswered()).toBe(false)
})

test('a dedicated worker that hangs for good can be made to hang again, and ends with its tab', async ({
  appUrl,
  real: { browser, context },
  serve,
}) => {
  const server = await serve()
  const first = await openTab(context, { appUrl, server: server.url, host: 'elected' })
  await hangBroker(browser, Infinity)
  await hangBroker(browser, Infinity)
  await expect(killBroker(browser)).rejects.toThrow('this dedicated worker hangs')
  const gone = connectionGone(server)
  if (noProcesses === undefined) expect(await crashWorkerHost(browser)).toEqual([first])
  else await crashTab(first)
  await gone
})

test('a browser closes while a worker hangs', async () => {
  const app = await servePlainApp()
  const { browser, close } = await startRealBrowser()
  const [context] = browser.contexts()
  await lifeOf(await openPlainTab(context as BrowserContext, app.url))
  await hangBroker(browser, Infinity)
  await close()
  await app.close()
})

test('a tab can be hidden behind another one or a blank one, and shown', async ({ plain, real: { context } }) => {
  const [one, two] = [await plain.open(), await plain.open()]
  const hidden = () => Promise.all([one, two].map(page => page.evaluate(() => document.hidden)))
  await hide(two, one)
  expect(await hidden()).toEqual([false, true])
  await show(two)
  expect(await hidden()).toEqual([true, false])
  const tabs = context.pages().length
  await hide(two)
  await hide(one)
  expect(await hidden()).toEqual([true, true])
  expect(context.pages()).toHaveLength(tabs)
})

test('a frozen tab handles nothing that is posted to it until it thaws', async ({ plain }) => {
  const [other, frozen] = [await plain.open(), await plain.open()]
  const life = await lifeOf(other)
  const thaw = await freeze(frozen)
  const turns = await turnsOf(frozen)
  const answer = lifeOf(frozen)
  const answered = isSettled(answer)
  for (let asked = 0; asked < 20; asked++) await lifeOf(other)
  expect(answered()).toBe(false)
  expect(await turnsOf(frozen)).toBe(turns)
  await thaw()
  expect(await answer).toBe(life)
  await show(frozen)
  await advance(frozen)
})

test('a hidden tab whose timers are stopped still gets messages, and goes on when it is shown', async ({ plain }) => {
  test.setTimeout(60_000)
  const [hidden, other] = [await plain.open(), await plain.open()]
  await stopTimers(hidden)
  const ranAt = () => hidden.evaluate(() => window.ranAt ?? NaN)
  const before = await ranAt()
  expect(await lifeOf(hidden)).toBe(await lifeOf(other))
  expect(await ranAt()).toBe(before)
  await show(hidden)
  await expect.poll(ranAt).toBeGreaterThan(before)
})

test('a tab whose process is stopped runs nothing until it goes on, while the others do', async ({
  plain,
  real: { browser },
}) => {
  test.skip(noProcesses !== undefined, noProcesses)
  const [other, stopped] = [await plain.open(), await plain.open()]
  const pause = await stopped.evaluateHandle(longestPause)
  const goOn = await stopTab(browser, stopped)
  await new Promise(resolve => setTimeout(resolve, 600))
  await advance(other)
  goOn()
  expect(await pause.evaluate(longest => longest())).toBeGreaterThan(600)
})

test('a tab that left comes back as it was, unless its worker posted to it meanwhile', async ({
  plain,
  real: { browser },
}) => {
  const [keeper, page] = [await plain.open(), await plain.open()]
  await lifeOf(page)
  for (const elsewhere of ['about:blank', `${plain.url}/other.html`]) {
    await intoCache(page, elsewhere)
    expect(await outOfCache(page)).toEqual({ persisted: true })
  }

  await hangBroker(browser, 700)
  void lifeOf(page).catch(() => undefined)
  await intoCache(page)
  await lifeOf(keeper)
  expect(await outOfCache(page)).toEqual({ persisted: false, reasons: ['sharedworker-message'] })
})

test('reloading the only tab gives a new worker', async ({ plain }) => {
  const page = await plain.open()
  const life = await lifeOf(page)
  await reloadOnlyTab(page)
  expect(await lifeOf(page)).not.toBe(life)
  await plain.open()
  await expect(reloadOnlyTab(page)).rejects.toThrow('1 more tabs')
})

test('while the machine sleeps nothing runs, and afterwards all goes on', async ({ plain, real: { browser } }) => {
  test.skip(noProcesses !== undefined, noProcesses)
  const page = await plain.open()
  const life = await lifeOf(page)
  for (const ms of [300, 600]) {
    const gap = await page.evaluateHandle(longestPause)
    await clockJump(browser, ms)
    expect(await gap.evaluate(longest => longest())).toBeGreaterThan(ms - 50)
    expect(await lifeOf(page)).toBe(life)
  }
})

test('a line that goes silent closes nothing, and both ends find out by their pings', async ({
  appUrl,
  real: { context },
  serve,
}) => {
  const server = await serve({ pingIntervalMs: 300, pingTimeoutMs: 300 })
  const proxy = await startProxy(server.port)
  const page = await openTab(context, { appUrl, server: proxy.url })
  const status = () => page.evaluate(() => window.line.status)
  expect(proxy.connections()).toBe(1)

  proxy.swallow()
  await expect.poll(status).not.toBe('open')
  await expect.poll(() => server.connections()).toBe(0)

  proxy.heal()
  await expect.poll(status).toBe('open')
  const gone = connectionGone(server)
  proxy.cut()
  await gone
  await expect.poll(status).toBe('open')
  await proxy.close()
})

test('what a silent line swallowed arrives in order when it heals, also an end and a new connection', async () => {
  const served: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => served.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startProxy((server.address() as AddressInfo).port)
  const client = connect(proxy.port, '127.0.0.1')
  client.write('1')
  await expect.poll(() => served.length).toBe(1)
  const first = heard(served[0])
  await expect.poll(first).toBe('1')

  proxy.swallow()
  client.end('2')
  const late = connect(proxy.port, '127.0.0.1')
  late.write('3')
  await expect.poll(() => proxy.connections()).toBe(2)
  expect([first(), served.length]).toEqual(['1', 1])

  proxy.heal()
  await expect.poll(first).toBe('12, end')
  await expect.poll(() => served.length).toBe(2)
  await expect.poll(heard(served[1])).toBe('3')
  served[0]?.end()
  await expect.poll(() => proxy.connections()).toBe(1)
  await proxy.close()
  await expect.poll(() => late.closed).toBe(true)
  expect(proxy.connections()).toBe(0)
  server.close()
})

test('faults can follow each other on one browser, and leave nothing behind', async ({ plain, real }) => {
  const { browser, context } = real
  const faults: readonly ((tab: Page) => Promise<unknown>)[] = [
    () => killBroker(browser),
    () => hangBroker(browser, 50),
    async tab => (await freeze(tab))(),
    async tab => {
      await hide(tab)
      await show(tab)
    },
    async tab => {
      await intoCache(tab)
      await outOfCache(tab)
    },
    crashTab,
    ...(noProcesses === undefined ? [() => clockJump(browser, 50), () => crashWorkerHost(browser)] : []),
  ]
  const tabs = context.pages().length
  for (const fault of [...faults, ...faults.toReversed()]) {
    const tab = await plain.open()
    await lifeOf(tab)
    await fault(tab)
    await tab.close()
  }
  await lifeOf(await plain.open())
  expect(context.pages()).toHaveLength(tabs + 1)
  await expect
    .poll(() => withBrowserSession(browser, runningWorkers))
    .toEqual([expect.objectContaining({ name: 'echo', isAttached: false })])
})

/** Resolves when the one client that is connected now is no longer. */
function connectionGone(server: SocketIoServer): Promise<unknown> {
  const [client] = server.io.sockets.sockets.values()
  if (client === undefined) throw new Error('no client is connected')
  return new Promise(resolve => client.once('disconnect', resolve))
}

function isSettled(promise: Promise<unknown>): () => boolean {
  let settled = false
  // A page that is closed answers, too: by a rejection that is not of interest here.
  promise.then(
    () => (settled = true),
    () => undefined,
  )
  return () => settled
}

/** Resolves when a page's timer has fired some more times. */
async function advance(page: Page): Promise<void> {
  const turns = await turnsOf(page)
  await expect.poll(() => turnsOf(page)).toBeGreaterThan(turns + 2)
}

/** Runs in the page: the longest time that its timer was late. */
function longestPause(): () => number {
  let last = performance.now()
  let longest = 0
  // It may be asked before the first timer that runs again.
  const measure = (): number => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
    return longest
  }
  setInterval(measure, 10)
  return measure
}

/** What a socket has received so far, and whether it has ended. */
function heard(socket: Socket | undefined): () => string {
  let text = ''
  socket?.on('data', data => (text += String(data))).on('end', () => (text += ', end'))
  return () => text
}
