import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { PublishOp } from '../../src/protocol/index.ts'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'
import { nodeBrowser, type NodePage } from '../support/line/node-browser.ts'
import { SCOPE, startNodeLine, type NodeTab } from '../support/line/node-line.ts'
import type { Surroundings } from '../support/line/node-host.ts'
import { peerChannels } from '../support/line/peer-channels.ts'
import { rawTab } from '../support/line/raw-tab.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const WANTED = { wanted: [{ channel: 'orders' }] }

function setUp(options: Partial<BrokerOptions> = {}, surroundings: Surroundings = {}) {
  const host = fakeClockHost(surroundings)
  const transport = testTransport()
  const line = startNodeLine({ transport, ...options }, host)
  ends.push(() => line.close())
  return {
    host,
    transport,
    line,
    /** A broker that may have others beside it listens for them before it connects. */
    async isJoined() {
      while (line.broker.stats().channels[0]?.state !== 'joined') await host.advance(10)
    },
    emit: (payload: unknown, channel = 'orders') => transport.sink().event({ channel, event: 'e', payload }),
    calls: (verb: string) => transport.calls.filter(call => call.startsWith(verb)),
  }
}

const joined = (tab: NodeTab) => tab.notice('subscription', ({ state }) => state === 'joined')

/** Pings, and resolves when the answer is here and whatever came with it. */
async function ping(tab: NodeTab): Promise<void> {
  tab.ping()
  await tab.stats()
  for (let round = 0; round < 5; round++) await reactions()
}

function openBrowser(...options: Parameters<typeof nodeBrowser>) {
  const browser = nodeBrowser(...options)
  onTestFinished(() => browser.close())
  return browser
}

const hasStatus = (pages: readonly NodePage[], status: string) =>
  waitFor(() => pages.every(({ line }) => line.status === status), `status ${status}`)

describe('line.forget()', () => {
  it('ends the line in all tabs of the scope, and its connection', async () => {
    const { line, transport } = setUp()
    const tabs = await Promise.all([line.openTab(WANTED), line.openTab(WANTED), line.openTab()])
    await joined(tabs[0])
    const asking = await rawTab(line)
    expect(await asking.call('forget', asking.epoch)).toEqual({ ok: true, value: undefined })
    await waitFor(() => tabs.every(tab => tab.ended()), 'the end')
    for (const tab of tabs) expect(tab.ended()).toMatchObject({ code: 'forgotten', retryable: false })
    expect(transport.calls.at(-1)).toBe('close')
    expect(line.broker).toMatchObject({ ended: true })
    expect(line.broker.stats().sessions.attached).toBe(0)
  })

  it('is for those who are attached: another epoch is told that it is stale, and nothing ends', async () => {
    const { line } = setUp()
    const tab = await line.openTab(WANTED)
    const asking = await rawTab(line)
    expect(await asking.call('forget', 'another epoch')).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
    expect(line.broker.ended).toBe(false)
    expect(tab.ended()).toBeUndefined()
  })

  it('resolves in the tab that asks; all hear `closed` with the reason, and none comes back by itself', async () => {
    const { openPage, brokers, errors, server, locks } = openBrowser()
    const pages = [openPage(), openPage(), openPage()] as const
    for (const page of pages) page.note('orders')
    await hasStatus(pages, 'open')
    await pages[1].line.forget()
    await hasStatus(pages, 'closed')
    expect(pages.map(({ line }) => line.reason)).toEqual(['forgotten', 'forgotten', 'forgotten'])
    expect(brokers).toHaveLength(1)
    await waitFor(() => server.connections() === 0, 'the end of the connection')
    expect(locks.size).toBe(0)

    // Whoever came back would be with the broker of the next line.
    const next = openPage()
    next.note('orders')
    await hasStatus([next], 'open')
    expect(brokers.map(({ broker }) => broker.stats().sessions.attached)).toEqual([0, 1])
    expect(locks.size).toBe(1)
    expect(pages.map(({ line }) => line.status)).toEqual(['closed', 'closed', 'closed'])
    expect(errors).toEqual([])
  })

  it('leaves the way open for a new line of the same scope', async () => {
    const { openPage, brokers, server } = openBrowser()
    const before = openPage()
    before.note('orders')
    await hasStatus([before], 'open')
    await before.line.forget()
    const after = openPage()
    const noted = after.note('orders')
    await waitFor(() => after.line.channel('orders').state === 'joined', 'the join')
    server.emit('orders', 1)
    await waitFor(() => noted.length === 1, 'the event')
    expect(brokers).toHaveLength(2)
  })

  it('ends it also for a page in the back/forward cache, when that comes back', async () => {
    const { openPage, brokers } = openBrowser()
    const pages = [openPage(), openPage()] as const
    for (const page of pages) page.note('orders')
    await hasStatus(pages, 'open')
    pages[0].cache()
    await waitFor(() => brokers[0]?.broker.stats().sessions.suspended === 1, 'the cached page')
    await pages[1].line.forget()
    pages[0].restore()
    await hasStatus([pages[0]], 'closed')
    expect(pages[0].line.reason).toBe('forgotten')
  })

  it('ends it at a newer broker, too', async () => {
    const { openPage, brokers } = openBrowser({ broker: url => ({ build: url.includes('next') ? 2 : 1 }) })
    const pages = [openPage(), openPage('https://app.example/next.js')] as const
    for (const page of pages) page.note('orders')
    await waitFor(
      () => brokers.find(({ url }) => url.includes('next'))?.broker.stats().sessions.attached === 2,
      'one broker',
    )
    await hasStatus(pages, 'open')
    await pages[0].line.forget()
    await hasStatus(pages, 'closed')
    await waitFor(() => brokers.every(({ broker }) => broker.ended), 'the end of both')
  })

  it('rejects where there is no broker just now', async () => {
    const { openPage, brokers } = openBrowser()
    const page = openPage()
    await waitFor(() => brokers.length === 1 && page.line.status === 'idle', 'a broker')
    page.cache()
    await expect(page.line.forget()).rejects.toMatchObject({ code: 'stale-epoch' })
    page.line.close()
    await expect(page.line.forget()).rejects.toMatchObject({ code: 'line-closed' })
  })
})

describe('a tab whose lease is another now', () => {
  it('is judged by its silence once it says so, and no longer by the lock that it gave up', async () => {
    const { host, line } = setUp({ livenessPollMs: 1_000, leaseMs: 10_000 })
    const tab = await line.openTab(WANTED)
    await tab.ask({ op: 'lease', lease: { kind: 'silence' } })
    host.locks.delete('tab-1')
    await host.advance(5_000)
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, detachedDead: 0 })
  })

  it('is judged by its new lock from then on', async () => {
    const { host, line } = setUp({ livenessPollMs: 1_000 })
    const tab = await line.openTab({ lease: { kind: 'silence' } })
    host.locks.add('another')
    await tab.ask({ op: 'lease', lease: { kind: 'lock', name: 'another' } })
    await host.advance(2_000)
    expect(line.broker.stats().sessions.attached).toBe(1)
    host.locks.delete('another')
    await host.advance(2_000)
    await waitFor(() => line.broker.stats().sessions.attached === 0, 'its end')
  })
})

describe('a mark', () => {
  it('is told after a ping when there is news, and only then', async () => {
    const { line, emit } = setUp()
    const tab = await line.openTab(WANTED)
    await joined(tab)
    await ping(tab)
    const first = tab.notices('mark').length
    for (let pings = 0; pings < 3; pings++) await ping(tab)
    expect(tab.notices('mark')).toHaveLength(first)
    emit(1)
    expect(tab.notices('mark')).toHaveLength(first)
    for (let pings = 0; pings < 3; pings++) await ping(tab)
    expect(tab.notices('mark')).toHaveLength(first + 1)
    expect(tab.notices('mark').at(-1)?.mark).toMatchObject({ epoch: tab.welcome.epoch, n: expect.any(Number) })
  })

  it('comes behind all events that it counts, also to a tab that is slow', async () => {
    const { line, emit } = setUp({ maxFrameItems: 5 })
    const tab = await rawTab(line, WANTED)
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    for (let n = 1; n <= 40; n++) emit(n)
    await tab.call('ping', tab.epoch)
    emit('later')
    tab.acknowledgeAll()
    await waitFor(() => tab.events().length === 41, 'all events')
    const order = tab.items().flatMap(item => {
      if (Array.isArray(item)) return [item[2]]
      return 'mark' in item && item.mark.n >= 40 ? ['mark'] : []
    })
    expect(order.indexOf('mark')).toBe(40)
  })

  it('is not told to a tab that still waits to hear what it missed', async () => {
    const { line, transport } = setUp()
    transport.behaviour.join = () => new Promise(() => {})
    const tab = await line.openTab({ wanted: [{ channel: 'orders', resume: { moved: false } }] })
    await ping(tab)
    await ping(tab)
    expect(tab.notices('mark')).toEqual([])
    expect(tab.notices('continuity')).toEqual([])
  })

  it('carries what the transport has written down for another broker', async () => {
    const { server, openPage } = openBrowser()
    const page = openPage()
    page.note('orders')
    await waitFor(() => page.line.channel('orders').state === 'joined', 'the join')
    const position = server.emit('orders', 1)
    await waitFor(() => {
      page.look()
      return page.marks.at(-1)?.checkpoint?.['']?.position === position
    }, 'the mark')
    expect(page.marks.at(-1)?.checkpoint).toEqual({ '': { session: expect.any(String), position } })
  })
})

describe('after a pause of the broker', () => {
  const publish = (id: number): PublishOp => ({
    op: 'publish',
    id,
    channel: 'orders',
    event: 'place',
    payload: id,
    timeoutMs: 10_000,
  })

  it.each([
    ['before the broker has noticed it', false],
    ['after the broker has noticed it', true],
  ])('what a tab asks that may have given it up is refused and not done: %s', async (_, noticed) => {
    const { host, line, calls, isJoined } = setUp({}, { peers: peerChannels() })
    const tab = await line.openTab(WANTED)
    await isJoined()
    host.jump(5_000)
    if (noticed) await host.advance(0)
    await expect(tab.ask(publish(1))).rejects.toMatchObject({ code: 'stale-epoch', retryable: true })
    expect(calls('publish')).toEqual([])
    expect(tab.ended()).toMatchObject({ code: 'stale-epoch' })
    expect(line.broker.stats().sessions.attached).toBe(1)
  })

  it('the tab carries on with its session, and what it asks again is sent once', async () => {
    const { host, line, calls, emit, isJoined } = setUp({}, { peers: peerChannels() })
    const tab = await rawTab(line, WANTED)
    tab.acknowledgeAll()
    await isJoined()
    await tab.call('ask', { epoch: tab.epoch, ops: [publish(1)] })
    await waitFor(() => calls('publish').length === 1, 'the first message')
    host.jump(5_000)
    emit('meanwhile')
    expect(await tab.call('ask', { epoch: tab.epoch, ops: [publish(2)] })).toMatchObject({ ok: false })
    await host.advance(0)
    const back = await rawTab(line, { ...WANTED, attempt: 2, session: { id: tab.sessionId, seq: tab.frames.length } })
    back.acknowledgeAll()
    expect(back.welcome.resumed).toBe(true)
    // It did not hear what became of the first, either.
    expect(await back.call('ask', { epoch: back.epoch, ops: [publish(1), publish(2)] })).toMatchObject({ ok: true })
    await waitFor(() => calls('publish').length === 2, 'the second message')
    await reactions()
    expect(calls('publish')).toHaveLength(2)
    await waitFor(() => [...tab.events(), ...back.events()].length === 1, 'the event')
  })

  it('what was refused before is taken when it is asked again, and no sooner sent twice for that', async () => {
    const { line, transport, calls } = setUp({ maxPending: 1 })
    const answers = [deferred<unknown>(), deferred<unknown>()]
    transport.behaviour.publish = () => answers[calls('publish').length - 1]?.promise ?? Promise.resolve()
    const tab = await line.openTab(WANTED)
    await joined(tab)
    expect(await tab.ask(publish(1), publish(2))).toMatchObject([{ index: 1, error: { code: 'too-many-pending' } }])
    answers[0]?.resolve('done')
    await tab.notice('receipt', ({ id, stage }) => id === 1 && stage === 'acknowledged')
    expect(await tab.ask(publish(2), publish(2), publish(1))).toEqual([])
    answers[1]?.resolve('done')
    await tab.notice('receipt', ({ id, stage }) => id === 2 && stage === 'acknowledged')
    expect(calls('publish')).toHaveLength(2)
  })

  it('pings are answered: whoever asks whether it is there hears that it is', async () => {
    const { host, line } = setUp({}, { peers: peerChannels() })
    const tab = await rawTab(line, WANTED)
    host.jump(5_000)
    expect(await tab.call('ping', tab.epoch)).toMatchObject({ ok: true })
    await host.advance(0)
    expect(await tab.call('ping', tab.epoch)).toMatchObject({ ok: true })
  })

  it('one that nobody can replace remains the one, and does what it is asked', async () => {
    const { host, line, calls } = setUp()
    const tab = await line.openTab(WANTED)
    await joined(tab)
    host.jump(5_000)
    expect(await tab.ask(publish(1))).toEqual([])
    expect(calls('publish')).toHaveLength(1)
  })

  it('a short one goes by unnoticed', async () => {
    const { host, line } = setUp({}, { peers: peerChannels() })
    const tab = await line.openTab(WANTED)
    host.jump(1_500)
    expect(await tab.ask(publish(1))).toEqual([])
  })

  it('the broker says to the others that it is there, and yields to a newer one of which it had not heard', async () => {
    const peers = peerChannels()
    const { host, line, isJoined } = setUp({}, { peers })
    const tab = await line.openTab(WANTED)
    await isJoined()
    const heard: unknown[] = []
    const channel = peers.open(SCOPE, message => heard.push(message))
    host.jump(10_000)
    await host.advance(0)
    await waitFor(() => heard.length > 0, 'its word')
    const [own] = heard as { identity: { startedAt: number } }[]
    const identity = { ...own?.identity, epoch: 'newer', startedAt: (own?.identity.startedAt ?? 0) + 1 }
    channel?.post({ type: 'here', identity })
    const ended = waitFor(() => tab.ended(), 'its end')
    while (tab.ended() === undefined) await host.advance(20)
    expect(await ended).toMatchObject({ code: 'stale-epoch' })
    expect(heard).toContainEqual(expect.objectContaining({ type: 'yielded', to: 'newer' }))
    expect(line.broker.stats().connection.state).toBe('closed')
    // And whoever comes now hears with the first word where to go.
    const port = line.openPort()
    const first = new Promise(resolve => port.addEventListener('message', ({ data }) => resolve(data), { once: true }))
    port.start()
    expect(await first).toMatchObject({ type: 'partyline:announce', moved: { url: host.script.url } })
  })
})

describe('a wedged broker that wakes up again when its tabs have another', () => {
  it('does nothing that they had asked of it, and lets its connection go', async () => {
    const browser = openBrowser()
    const pages = [browser.openPage(), browser.openPage()] as const
    for (const page of pages) page.note('orders')
    await hasStatus(pages, 'open')
    await waitFor(() => pages.every(({ line }) => line.channel('orders').state === 'joined'), 'the joins')
    for (const page of pages) page.giveUpBroker()
    await waitFor(() => browser.brokers[1]?.broker.stats().sessions.attached === 2, 'all tabs at the next')
    await waitFor(() => browser.brokers[0]?.broker.stats().connection.state === 'closed', 'the end of its connection')
    await waitFor(() => browser.server.connections() === 1, 'one connection')
    const receipt = await pages[0].line.channel('orders').publish('place', 1)
    expect(await receipt.settled).toMatchObject({ outcome: 'acknowledged' })
    expect(browser.server.published).toHaveLength(1)
  })
})
