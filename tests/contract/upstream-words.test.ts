import { afterEach, describe, expect, it } from 'vitest'
import { toChannelId, type Credentials, type Hello } from '../../src/protocol/index.ts'
import { fakeClockHost } from '../support/line/fake-clock-host.ts'
import { nodeHost, type NodeHost } from '../support/line/node-host.ts'
import { startNodeLine, type NodeTab } from '../support/line/node-line.ts'
import { storedTexts } from '../support/line/stored-texts.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

function setUp<Host extends NodeHost>(host: Host) {
  const transport = testTransport()
  const renewed: Credentials[] = []
  const withRenewal = {
    ...transport,
    create: (sink: Parameters<typeof transport.create>[0]) =>
      Object.assign(transport.create(sink), { renew: (given: Credentials) => void renewed.push(given) }),
  }
  const line = startNodeLine({ transport: withRenewal }, host)
  ends.push(() => line.close())
  /** The server sends an event. */
  const emit = (payload: unknown, except?: string): void =>
    transport.sink().event({ channel: 'orders', event: 'e', payload, except })
  /** A tab that answers whatever it is asked with the next of these. */
  function tabThatGives(given: Credentials[], hello: Partial<Hello> = {}): Promise<NodeTab> {
    return line.openTab({ hasCredentials: true, ...hello }, (item, ask) => {
      if ('type' in item && item.type === 'credentials-wanted')
        ask({ op: 'credentials', id: item.id, credentials: given.shift() }).catch(ignoreEnd)
    })
  }
  return { host, transport, line, emit, renewed, tabThatGives }
}

/** The tab was closed meanwhile. */
function ignoreEnd(): void {}

const ORDERS = { wanted: [{ channel: 'orders' }] }
const joined = (tab: NodeTab) => tab.notice('subscription', ({ state }) => state === 'joined')

/** What the tab has heard of the one channel, in order: payloads, and words of continuity. */
const storyOf = (tab: NodeTab): unknown[] =>
  tab.items.flatMap(item => (Array.isArray(item) ? [item[2]] : 'verdict' in item ? [item.verdict] : []))

describe('replay', () => {
  it('gives a late tab so many of the last events, in order, before what comes next', async () => {
    const { line, emit } = setUp(fakeClockHost())
    await joined(await line.openTab(ORDERS))
    for (const n of [1, 2, 3, 4]) emit(n)
    const late = await line.openTab({ wanted: [{ channel: 'orders', replay: 2 }] })
    const all = await line.openTab({ wanted: [{ channel: 'orders', replay: 100 }] })
    emit(5)
    await waitFor(() => late.payloads().includes(5) && all.payloads().includes(5), 'the next event')
    expect([late.payloads(), all.payloads()]).toEqual([
      [3, 4, 5],
      [1, 2, 3, 4, 5],
    ])
  })

  it('also of what the server sent before it confirmed the join', async () => {
    const { transport, line, emit } = setUp(fakeClockHost())
    transport.behaviour.join = async () => emit('the state')
    await joined(await line.openTab(ORDERS))
    const late = await line.openTab({ wanted: [{ channel: 'orders', replay: 1 }] })
    await waitFor(() => late.payloads().length === 1, 'what came before')
    expect(late.payloads()).toEqual(['the state'])
  })

  it('gives nothing from before a time in which nobody wanted the channel', async () => {
    const { host, transport, line, emit } = setUp(fakeClockHost())
    const early = await line.openTab(ORDERS)
    await joined(early)
    emit(1)
    emit(2)
    await early.ask({ op: 'unsubscribe', channel: 'orders' })
    await host.advance(60_000)
    expect(transport.calls).toContain('leave orders')
    const late = await line.openTab({ wanted: [{ channel: 'orders', replay: 2 }] })
    await joined(late)
    emit(5)
    const later = await line.openTab({ wanted: [{ channel: 'orders', replay: 2 }] })
    emit(6)
    await waitFor(() => late.payloads().includes(6) && later.payloads().includes(6), 'the next event')
    expect([late.payloads(), later.payloads()]).toEqual([
      [5, 6],
      [5, 6],
    ])
  })

  it('gives nothing from before an interruption of which nobody knows what it has cost', async () => {
    const { host, transport, line, emit } = setUp(fakeClockHost())
    const early = await line.openTab(ORDERS)
    await joined(early)
    emit(1)
    emit(2)
    transport.lose()
    const meanwhile = await line.openTab({ wanted: [{ channel: 'orders', replay: 2 }] })
    await host.advance(60_000)
    await joined(meanwhile)
    const late = await line.openTab({ wanted: [{ channel: 'orders', replay: 2 }] })
    emit(5)
    for (const tab of [early, meanwhile, late]) await waitFor(() => tab.payloads().includes(5), 'the next event')
    expect(storyOf(early)).toEqual([1, 2, 'unknown', 5])
    expect(storyOf(meanwhile)).toEqual(['unknown', 5])
    expect(storyOf(late)).toEqual([5])
  })

  it('gives what came before an interruption once it is known that nothing is missing', async () => {
    const { host, transport, line, emit } = setUp(fakeClockHost())
    await joined(await line.openTab(ORDERS))
    emit(1)
    emit(2)
    transport.behaviour.open = async () => {
      transport.sink().continuity('orders', { verdict: 'recovered' })
      emit(3)
    }
    transport.lose()
    const meanwhile = await line.openTab({ wanted: [{ channel: 'orders', replay: 1 }] })
    expect(meanwhile.payloads()).toEqual([])
    await host.advance(60_000)
    await waitFor(() => meanwhile.payloads().includes(3), 'what was missed')
    expect(storyOf(meanwhile)).toEqual([2, 'recovered', 3])
    const late = await line.openTab({ wanted: [{ channel: 'orders', replay: 2 }] })
    await waitFor(() => late.payloads().includes(3), 'what was missed')
    expect(storyOf(late)).toEqual([2, 3])
  })

  it('gives nothing to who asks for exactly one, to who has it already, and nothing of one’s own', async () => {
    const { line, emit } = setUp(fakeClockHost())
    const early = await line.openTab(ORDERS)
    await joined(early)
    emit(1)
    emit(2, early.welcome.sessionId)
    await early.ask({ op: 'subscribe', channel: 'orders', replay: 2 })
    await early.ask({ op: 'unsubscribe', channel: 'orders' }, { op: 'subscribe', channel: 'orders', replay: 2 })
    const one = await line.openTab({ wanted: [{ channel: 'orders', deliver: 'one', replay: 2 }] })
    emit(3)
    await waitFor(() => early.payloads().includes(3) && one.payloads().includes(3), 'the next event')
    expect([early.payloads(), one.payloads()]).toEqual([[1, 1, 3], [3]])
  })
})

describe('a channel with parameters', () => {
  it('is joined once for all that want the same, in whatever order they name it', async () => {
    const { line, transport } = setUp(fakeClockHost())
    const ids = [
      { filter: { b: 2, a: [1] }, private: true },
      { private: true, filter: { a: [1], b: 2 } },
    ].map(params => toChannelId({ name: 'orders', params }))
    const tabs = await Promise.all(ids.map(channel => line.openTab({ wanted: [{ channel }] })))
    for (const tab of tabs) await joined(tab)
    expect(transport.calls.filter(call => call.startsWith('join'))).toEqual([`join ${ids[0]}`])
    transport.sink().event({ channel: ids[0] ?? '', event: 'e', payload: 1 })
    await waitFor(() => tabs.every(tab => tab.payloads().length === 1), 'the event in both')
  })

  it('is another one with other parameters, also in the order of a list', async () => {
    const { line, transport } = setUp(fakeClockHost())
    const ids = [undefined, { at: [1, 2] }, { at: [2, 1] }].map(params => toChannelId({ name: 'orders', params }))
    const tabs = await Promise.all(ids.map(channel => line.openTab({ wanted: [{ channel }] })))
    for (const tab of tabs) await joined(tab)
    expect(transport.calls.filter(call => call.startsWith('join'))).toHaveLength(3)
    for (const [index, channel] of ids.entries()) transport.sink().event({ channel, event: 'e', payload: index })
    await waitFor(() => tabs.every(tab => tab.payloads().length === 1), 'the events')
    expect(tabs.map(tab => tab.payloads())).toEqual([[0], [1], [2]])
  })
})

describe('an event with `except`', () => {
  it('reaches every tab but the one that published it, also where exactly one is to get it', async () => {
    const { line, emit } = setUp(fakeClockHost())
    const wanted = [{ channel: 'orders', deliver: 'both' as const }]
    const [author, other] = [await line.openTab({ wanted, focused: true }), await line.openTab({ wanted })]
    for (const tab of [author, other]) await joined(tab)
    emit('own', author.welcome.sessionId)
    emit('for all')
    await waitFor(() => author.payloads().includes('for all') && other.payloads().length === 3, 'all events')
    expect(author.payloads()).toEqual(['for all', 'for all'])
    expect(other.payloads()).toEqual(['own', 'own', 'for all'])
  })
})

describe('a lesser connection', () => {
  it('is told to all tabs, also to late ones, and again when it is not', async () => {
    const { line, transport } = setUp(fakeClockHost())
    const tab = await line.openTab(ORDERS)
    await joined(tab)
    transport.sink().degraded(true)
    transport.sink().degraded(true)
    await tab.notice('status', ({ degraded }) => degraded === true)
    const late = await line.openTab(ORDERS)
    await late.notice('status', ({ status, degraded }) => status === 'open' && degraded === true)
    expect(line.broker.stats().connection.degraded).toBe(true)
    transport.sink().degraded(false)
    await late.notice('status', ({ status, degraded }) => status === 'open' && degraded === undefined)
    expect(tab.notices('status').filter(({ degraded }) => degraded === true)).toHaveLength(1)
    expect(line.broker.stats().connection.degraded).toBe(false)
  })
})

describe('what makes no sense', () => {
  it('is counted each time, and reported once for each kind', async () => {
    const { host, line, transport } = setUp(fakeClockHost())
    await joined(await line.openTab(ORDERS))
    for (const kind of ['not-json', 'no-topic', 'not-json']) transport.sink().malformed(kind, `a detail of ${kind}`)
    expect(line.broker.stats().traffic.malformed).toBe(3)
    expect(host.errors).toMatchObject([
      { code: 'bad-message', message: expect.stringContaining('not-json') },
      { code: 'bad-message', message: expect.stringContaining('no-topic') },
    ])
  })
})

describe('credentials', () => {
  const inSeconds = (host: { wallClock(): number }, seconds: number): number => host.wallClock() + seconds * 1_000

  it('are renewed on the open connection ahead of their expiry, and again', async () => {
    const { host, line, renewed, tabThatGives } = setUp(fakeClockHost())
    const given = [60, 120, 180].map(seconds => ({ token: `t${seconds}`, expiresAt: inSeconds(host, seconds) }))
    const tab = await tabThatGives([...given], ORDERS)
    await joined(tab)
    for (const count of [1, 2]) {
      await host.advance(60_000)
      await waitFor(() => renewed.length === count, 'the renewal')
    }
    expect(renewed).toEqual(given.slice(1))
    expect(line.broker.stats().connection.opened).toBe(1)
  })

  it('for one thing alone are asked of a visible tab, with what they are for, and told to the transport', async () => {
    const { line, transport, tabThatGives } = setUp(fakeClockHost())
    const hidden = await tabThatGives([{ auth: 'hidden' }], { visible: false })
    const visible = await tabThatGives([{ auth: 'visible' }])
    const request = { channel: 'private-orders', socketId: '1.2' }
    expect(await transport.sink().authorise(request)).toEqual({ auth: 'visible' })
    expect(visible.notices('credentials-wanted')).toMatchObject([{ request }])
    expect(hidden.notices('credentials-wanted')).toEqual([])
    visible.close()
    hidden.close()
    await waitFor(() => line.broker.stats().sessions.attached === 0, 'the farewells')
    await expect(transport.sink().authorise(request)).rejects.toMatchObject({ kind: 'no-credentials' })
  })

  it('are in no figure, no report, no notice and nothing that is stored', async () => {
    const SECRET = 'a-secret-that-nobody-may-see'
    const { host, line, transport, tabThatGives } = setUp(nodeHost())
    const opened: unknown[] = []
    transport.behaviour.open = async given => void opened.push(given)
    transport.behaviour.publish = () => new Promise(() => {})
    const tab = await tabThatGives([{ token: SECRET, expiresAt: inSeconds(host, 60) }], ORDERS)
    const other = await line.openTab(ORDERS)
    await joined(tab)
    const message = { op: 'publish', id: 1, channel: 'orders', event: 'place', payload: 1, timeoutMs: 1_000 } as const
    await tab.ask({ ...message, durable: { key: 'k1' } })
    await tab.notice('receipt', ({ stage }) => stage === 'stored')
    transport.behaviour.open = async () => {
      throw new Error('no way')
    }
    transport.lose()
    await tab.notice('status', ({ reason }) => reason === 'retry')
    expect(opened).toMatchObject([{ token: SECRET }])
    const stats = await tab.stats()
    const heard = [tab.items, other.items, stats, line.broker.stats(), host.errors.map(String), host.errors]
    expect(JSON.stringify(heard)).not.toContain(SECRET)
    const stored = await storedTexts()
    expect(stored).toContain('place')
    expect(stored).not.toContain(SECRET)
  })
})
