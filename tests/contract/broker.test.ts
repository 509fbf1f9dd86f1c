import { afterEach, describe, expect, it, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { Continuity, Mark, Op, PublishOp, Resume } from '../../src/protocol/index.ts'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { UpstreamError } from '../../src/worker/index.ts'
import { fakeClockHost, type FakeClockHost } from '../support/line/fake-clock-host.ts'
import { rawTab } from '../support/line/raw-tab.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../support/line/node-line.ts'
import { testTransport, type TestTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

interface Setup {
  readonly host: FakeClockHost
  readonly transport: TestTransport
  readonly line: NodeLine
  /** What reached the transport of the given verbs. */
  calls(...verbs: string[]): string[]
  /** The server sends an event. */
  emit(channel: string, payload: unknown, more?: { position?: string }): void
}

function setUp(options: Partial<BrokerOptions> = {}): Setup {
  const host = fakeClockHost()
  const transport = testTransport()
  const line = startNodeLine({ transport, ...options }, host)
  ends.push(() => line.close())
  return {
    host,
    transport,
    line,
    calls: (...verbs) => transport.calls.filter(call => verbs.includes(call.split(' ')[0] ?? '')),
    emit: (channel, payload, more = {}) => transport.sink().event({ channel, event: 'e', payload, ...more }),
  }
}

const want = (...channels: string[]) => ({ wanted: channels.map(channel => ({ channel })) })

const publish = (id: number, timeoutMs = 10_000): PublishOp => ({
  op: 'publish',
  id,
  channel: 'orders',
  event: 'place',
  payload: { id },
  timeoutMs,
})

const subscribe = (channel: string): Op => ({ op: 'subscribe', channel })
const unsubscribe = (channel: string): Op => ({ op: 'unsubscribe', channel })

const joined = (tab: NodeTab, channel = 'orders') =>
  tab.notice('subscription', notice => notice.channel === channel && notice.state === 'joined')

const receipt = (tab: NodeTab, id: number, stage: string) =>
  tab.notice('receipt', notice => notice.id === id && notice.stage === stage)

/** Events, and what was told of continuity, in the order in which the tab heard of them. */
const story = (tab: NodeTab): unknown[] =>
  tab.items.flatMap(item => {
    if (Array.isArray(item)) return [item[2]]
    return 'verdict' in item ? [item.verdict] : []
  })

describe('channels', () => {
  it('are joined once however many tabs want them, and left a linger after the last went', async () => {
    const { host, line, calls } = setUp({ lingerMs: 2_000 })
    const tabs = await Promise.all([1, 2, 3].map(() => line.openTab(want('orders'))))
    await Promise.all(tabs.map(tab => joined(tab)))
    expect(calls('join')).toEqual(['join orders'])
    for (const tab of tabs) await tab.ask(unsubscribe('orders'))
    await host.advance(1_999)
    expect(calls('leave')).toEqual([])
    await host.advance(1)
    expect(calls('leave')).toEqual(['leave orders'])
  })

  it('cause no traffic when a page navigates', async () => {
    const { host, line, calls } = setUp({ lingerMs: 2_000, idleMs: 1 })
    const before = await line.openTab(want('orders'))
    await joined(before)
    before.close()
    await waitFor(() => line.broker.stats().sessions.attached === 0, 'no session')
    await host.advance(1_999)
    const after = await line.openTab(want('orders'))
    await joined(after)
    await host.advance(60_000)
    expect(calls('open', 'join', 'leave', 'close')).toEqual(['open', 'join orders'])
  })

  it('are wanted by a tab once, however often it says so', async () => {
    const { line, emit, calls } = setUp({ lingerMs: 0 })
    const tab = await line.openTab(want('orders'))
    await tab.ask(subscribe('orders'), subscribe('orders'))
    await joined(tab)
    emit('orders', 1)
    emit('orders', 2)
    await waitFor(() => tab.payloads().includes(2), 'the last event')
    expect(tab.payloads()).toEqual([1, 2])
    await tab.ask(unsubscribe('orders'))
    expect((await tab.stats()).channels).toEqual([{ channel: 'orders', sessions: 0, state: 'joined' }])
    expect(calls('join')).toHaveLength(1)
  })

  it('reach the tabs that want them and no others', async () => {
    const { line, emit } = setUp()
    const [orders, floor, both] = await Promise.all([
      line.openTab(want('orders')),
      line.openTab(want('floor')),
      line.openTab(want('orders', 'floor')),
    ])
    await Promise.all([joined(orders), joined(floor, 'floor'), joined(both, 'floor'), joined(both)])
    for (let n = 1; n <= 3; n++) {
      emit('orders', `o${n}`)
      emit('floor', `f${n}`)
    }
    await waitFor(() => both.payloads().includes('f3'), 'the last event')
    await waitFor(() => orders.payloads().includes('o3'), 'the last of orders')
    await waitFor(() => floor.payloads().includes('f3'), 'the last of the floor')
    expect(orders.payloads()).toEqual(['o1', 'o2', 'o3'])
    expect(floor.payloads()).toEqual(['f1', 'f2', 'f3'])
    expect(both.payloads()).toEqual(['o1', 'f1', 'o2', 'f2', 'o3', 'f3'])
  })

  it('that are left say so behind the last event before, and ahead of what belongs to the next subscription', async () => {
    const { line, emit } = setUp()
    const tab = await rawTab(line, want('orders'))
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    const frozen = line.broker.stats().traffic.deliveries
    emit('orders', 1)
    emit('orders', 2)
    await tab.call('ask', { epoch: tab.epoch, ops: [unsubscribe('orders'), subscribe('orders')] })
    emit('orders', 3)
    expect(line.broker.stats().traffic.deliveries).toBe(frozen)
    tab.acknowledgeAll()
    await waitFor(() => tab.events().length === 3, 'three events')
    const told = tab.items().flatMap(item => {
      if (Array.isArray(item)) return [item[2]]
      return 'state' in item ? [item.state] : []
    })
    expect(told).toEqual(['joining', 'joined', 1, 2, 'left', 'joined', 3])
  })

  it('say `left` once for each time that they are left, whether they were had or not', async () => {
    const { line } = setUp({ maxChannels: 1 })
    const tab = await line.openTab(want('orders', 'one too many'))
    await tab.ask(unsubscribe('orders'), unsubscribe('one too many'), unsubscribe('never wanted'))
    await tab.notice('subscription', ({ channel, state }) => channel === 'never wanted' && state === 'left')
    const left = tab.notices('subscription').filter(({ state }) => state === 'left')
    expect(left.map(({ channel }) => channel)).toEqual(['orders', 'one too many', 'never wanted'])
  })

  it('say nothing to a tab that goes altogether', async () => {
    const { line } = setUp()
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    const { deliveries } = line.broker.stats().traffic
    tab.close()
    await waitFor(() => line.broker.stats().sessions.attached === 0, 'no session')
    expect(line.broker.stats().traffic.deliveries).toBe(deliveries)
  })

  it('beyond maxChannels are refused, and the others go on', async () => {
    const { line, emit } = setUp({ maxChannels: 2 })
    const tab = await line.openTab(want('a', 'b', 'c'))
    const refused = await tab.notice('subscription', ({ channel, state }) => channel === 'c' && state === 'refused')
    expect(refused.error).toMatchObject({ message: 'this line may have 2 channels (maxChannels)' })
    await joined(tab, 'b')
    emit('b', 1)
    await waitFor(() => tab.payloads().length === 1, 'the event')
    expect(line.broker.stats().sessions.attached).toBe(1)
  })
})

describe('joins', () => {
  it('that the server refuses are told with its reason, and tried again at the next connection', async () => {
    const { host, line, transport, calls } = setUp()
    let refuses = true
    transport.behaviour.join = () =>
      refuses
        ? Promise.reject(new UpstreamError('refused', 'not for you', { details: { need: 'role' } }))
        : Promise.resolve()
    const tab = await line.openTab(want('orders'))
    const refused = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(refused.error).toEqual({
      code: 'join-refused',
      message: 'the server refused channel "orders": not for you',
      retryable: false,
      details: { need: 'role' },
    })
    await host.advance(60_000)
    expect(calls('join')).toHaveLength(1)
    refuses = false
    transport.lose()
    await host.advance(0)
    await joined(tab)
  })

  it('are told with what the server said to them, to late tabs too, and anew with each connection', async () => {
    const { host, line, transport } = setUp()
    let connections = 0
    transport.behaviour.join = () => Promise.resolve({ id: ++connections })
    const first = await line.openTab(want('orders'))
    expect((await joined(first)).info).toEqual({ id: 1 })
    const late = await line.openTab(want('orders'))
    expect((await joined(late)).info).toEqual({ id: 1 })
    transport.lose()
    await host.advance(60_000)
    const again = (tab: NodeTab) =>
      tab.notice('subscription', ({ info }) => (info as { id: number } | undefined)?.id === 2)
    expect(await Promise.all([again(first), again(late)])).toMatchObject([{ state: 'joined' }, { state: 'joined' }])
  })

  it('are told without what the server said where no tab can be sent it', async () => {
    const { line, transport } = setUp()
    transport.behaviour.join = () => Promise.resolve({ answer: () => {} })
    expect((await joined(await line.openTab(want('orders')))).info).toBeUndefined()
  })

  it('that are refused with details that no tab can be sent are told without them, and the tab goes on', async () => {
    const { line, transport, emit } = setUp()
    transport.behaviour.join = channel =>
      channel === 'orders'
        ? Promise.reject(new UpstreamError('refused', 'not for you', { details: { retry: () => {} } }))
        : Promise.resolve()
    const tab = await line.openTab(want('orders', 'floor'))
    const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(error).toMatchObject({ code: 'join-refused', message: expect.stringContaining('not for you') })
    expect(error).not.toHaveProperty('details')
    await joined(tab, 'floor')
    emit('floor', 1)
    emit('floor', 2)
    await waitFor(() => tab.payloads().includes(2), 'the last event')
    expect(tab.payloads()).toEqual([1, 2])
  })

  it('that were refused are tried again for the next tab that asks', async () => {
    const { line, transport } = setUp()
    transport.behaviour.join = () => Promise.reject(new UpstreamError('refused', 'not yet'))
    const first = await line.openTab(want('orders'))
    await first.notice('subscription', ({ state }) => state === 'refused')
    delete transport.behaviour.join
    const second = await line.openTab(want('orders'))
    await Promise.all([joined(first), joined(second)])
  })

  it('that nobody answers are given up after joinTimeoutMs and tried again', async () => {
    const { host, line, transport, calls } = setUp({ joinTimeoutMs: 10_000 })
    const signals: AbortSignal[] = []
    transport.behaviour.join = (_channel, signal) => {
      signals.push(signal)
      return signals.length === 1 ? new Promise(() => {}) : Promise.resolve()
    }
    const tab = await line.openTab(want('orders'))
    await waitFor(() => signals.length === 1, 'the join')
    await host.advance(9_999)
    expect(signals[0]?.aborted).toBe(false)
    await host.advance(1)
    expect(signals[0]?.aborted).toBe(true)
    await joined(tab)
    expect(calls('join', 'leave')).toEqual(['join orders', 'join orders'])
  })

  it('are made again when the server ended the channel, and the tabs are told `unknown` before the next event', async () => {
    const { host, line, transport, emit } = setUp()
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    emit('orders', 1)
    transport.sink().channelLost('orders', new UpstreamError('network', 'ended'))
    await host.advance(0)
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the second join')
    emit('orders', 2)
    await waitFor(() => tab.events().length === 2, 'two events')
    expect(story(tab)).toEqual([1, 'unknown', 2])
    expect(tab.notices('subscription').map(({ state }) => state)).toEqual(['joining', 'joined', 'joining', 'joined'])
  })

  it('are not made again when the server ended the channel for good', async () => {
    const { host, line, transport, calls } = setUp()
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    transport.sink().channelLost('orders', new UpstreamError('refused', 'thrown out'))
    await tab.notice('subscription', ({ state }) => state === 'refused')
    await host.advance(60_000)
    expect(calls('join')).toHaveLength(1)
  })

  it('end with the channel: one that is left meanwhile is not joined', async () => {
    const { host, line, transport } = setUp({ lingerMs: 10, idleMs: 60_000 })
    const signals: AbortSignal[] = []
    transport.behaviour.join = (_channel, signal) => {
      signals.push(signal)
      return new Promise(() => {})
    }
    const tab = await line.openTab(want('orders'))
    await waitFor(() => signals.length === 1, 'the join')
    await tab.ask(unsubscribe('orders'))
    await host.advance(10)
    expect(signals[0]?.aborted).toBe(true)
    expect(line.broker.stats().channels).toEqual([])
  })
})

describe('the connection', () => {
  it('is not made before somebody needs it', async () => {
    const { host, line, calls } = setUp()
    const tab = await line.openTab()
    await host.advance(60_000)
    await tab.notice('status', ({ status }) => status === 'idle')
    expect(calls('open')).toEqual([])
    await tab.ask(subscribe('orders'))
    await joined(tab)
    expect(calls('open')).toEqual(['open'])
  })

  it('is closed when nothing has needed it for idleMs', async () => {
    const { host, line, calls } = setUp({ lingerMs: 2_000, idleMs: 5_000 })
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    await tab.ask(unsubscribe('orders'))
    await host.advance(6_999)
    expect(calls('close')).toEqual([])
    await host.advance(1)
    expect(calls('close')).toEqual(['close'])
    await tab.notice('status', ({ status }) => status === 'idle')
    await tab.ask(subscribe('floor'))
    await joined(tab, 'floor')
    expect(calls('open')).toHaveLength(2)
  })

  it('stays when something needs it again within idleMs', async () => {
    const { host, line, calls } = setUp({ lingerMs: 0, idleMs: 5_000 })
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    await tab.ask(unsubscribe('orders'))
    await host.advance(4_999)
    expect(calls('leave')).toEqual(['leave orders'])
    await tab.ask(subscribe('floor'))
    await host.advance(60_000)
    expect(calls('open', 'close')).toEqual(['open'])
  })

  it('stays while a message is under way', async () => {
    const { host, line, transport, calls } = setUp({ idleMs: 5_000 })
    const acknowledgement = deferred<unknown>()
    transport.behaviour.publish = () => acknowledgement.promise
    const tab = await line.openTab()
    await tab.ask(publish(1, 60_000))
    await receipt(tab, 1, 'sent')
    await host.advance(50_000)
    expect(calls('close')).toEqual([])
    acknowledgement.resolve('done')
    await receipt(tab, 1, 'acknowledged')
    await host.advance(5_000)
    expect(calls('close')).toEqual(['close'])
  })

  it('tells all tabs the same changes of status', async () => {
    const { host, line, transport } = setUp()
    host.randomness = 0.5
    const tabs = await Promise.all([line.openTab(want('orders')), line.openTab()])
    await waitFor(() => line.broker.stats().connection.state === 'open', 'an open line')
    transport.lose(new UpstreamError('server-restart', 'going away'))
    await Promise.all(tabs.map(tab => tab.notice('status', ({ status }) => status === 'offline')))
    await host.advance(20_000)
    await Promise.all(tabs.map(tab => waitFor(() => lastStatus(tab) === 'open', 'an open line')))
    const afterOpen = tabs.map(tab => statuses(tab).slice(statuses(tab).indexOf('offline server-restart')))
    expect(afterOpen[0]).toEqual(['offline server-restart', 'connecting retry', 'open'])
    expect(afterOpen[1]).toEqual(afterOpen[0])
  })

  it('asks for other credentials after a refusal and connects with them', async () => {
    const { line, transport } = setUp()
    transport.behaviour.open = async credentials => {
      if (credentials?.['token'] !== 'new') throw new UpstreamError('credentials', 'not you')
    }
    const tab = await line.openTab({ hasCredentials: true, ...want('orders') })
    const asked = await tab.notice('credentials-wanted')
    await tab.ask({ op: 'credentials', id: asked.id, credentials: { token: 'old' } })
    await tab.notice('status', ({ status }) => status === 'blocked')
    await tab.ask({ op: 'signal', signal: 'visible' })
    const again = await tab.notice('credentials-wanted', ({ id }) => id > asked.id)
    await tab.ask({ op: 'credentials', id: again.id, credentials: { token: 'new' } })
    await joined(tab)
    expect(statuses(tab)).toContain('blocked credentials-refused')
  })

  it('asks at once when a server ends what it had accepted, and not again when it does so again', async () => {
    const { line, transport } = setUp()
    const tab = await line.openTab({ hasCredentials: true, ...want('orders') })
    const first = await tab.notice('credentials-wanted')
    await tab.ask({ op: 'credentials', id: first.id, credentials: { token: 'old' } })
    await joined(tab)
    transport.lose(new UpstreamError('credentials', 'expired'))
    const again = await tab.notice('credentials-wanted', ({ id }) => id > first.id)
    await tab.ask({ op: 'credentials', id: again.id, credentials: { token: 'new' } })
    await waitFor(() => lastStatus(tab) === 'open', 'an open line')
    transport.lose(new UpstreamError('credentials', 'expired'))
    await waitFor(() => lastStatus(tab) === 'blocked credentials-refused', 'the second end')
    await tab.stats()
    expect(tab.notices('credentials-wanted').map(({ id }) => id)).toEqual([first.id, again.id])
  })

  it('has one question for credentials open, however many signs there are that it may be worth asking', async () => {
    const { line, transport } = setUp()
    transport.behaviour.open = async credentials => {
      if (credentials?.['token'] !== 'new') throw new UpstreamError('credentials', 'not you')
    }
    const tab = await line.openTab({ hasCredentials: true, ...want('orders') })
    const { id: first } = await tab.notice('credentials-wanted')
    await tab.ask({ op: 'credentials', id: first, credentials: { token: 'old' } })
    await tab.notice('status', ({ status }) => status === 'blocked')
    for (let n = 0; n < 5; n++) await tab.ask({ op: 'signal', signal: 'visible' })
    const { id } = await tab.notice('credentials-wanted', wanted => wanted.id > first)
    await tab.ask({ op: 'credentials', id, credentials: { token: 'new' } })
    await joined(tab)
    expect(tab.notices('credentials-wanted').map(wanted => wanted.id)).toEqual([first, id])
  })

  it('is tried again when no tab could give credentials, and says so', async () => {
    const { host, line, transport } = setUp()
    host.randomness = 0.5
    const tab = await line.openTab({ hasCredentials: true, ...want('orders') })
    const { id } = await tab.notice('credentials-wanted')
    await tab.ask({ op: 'credentials', id })
    await tab.notice('status', ({ status, reason }) => status === 'offline' && reason === 'no-credentials')
    expect(transport.calls).toEqual([])
    expect(line.broker.stats().connection.lastCause).toBe('no-credentials')
    await host.advance(1_000)
    const again = await tab.notice('credentials-wanted', wanted => wanted.id > id)
    await tab.ask({ op: 'credentials', id: again.id, credentials: { token: 't' } })
    await joined(tab)
  })

  it('asks the next tab when the one that was asked for credentials goes', async () => {
    const { host, line, transport } = setUp()
    const tokens: unknown[] = []
    transport.behaviour.open = async credentials => void tokens.push(credentials?.['token'])
    const asked = await line.openTab({ hasCredentials: true, visible: true, ...want('orders') })
    await asked.notice('credentials-wanted')
    const other = await line.openTab({ hasCredentials: true, visible: false, ...want('orders') })
    host.locks.delete('tab-1')
    await host.advance(4_000)
    const { id } = await other.notice('credentials-wanted')
    await other.ask({ op: 'credentials', id, credentials: { token: 'from the other' } })
    await joined(other)
    expect(tokens).toEqual(['from the other'])
  })
})

const statuses = (tab: NodeTab): string[] =>
  tab.notices('status').map(({ status, reason }) => (reason === undefined ? status : `${status} ${reason}`))

const lastStatus = (tab: NodeTab): string | undefined => statuses(tab).at(-1)

describe('messages', () => {
  it('wait for an open line and keep their order', async () => {
    const { line, transport, calls } = setUp()
    const opening = deferred<void>()
    const order: unknown[] = []
    transport.behaviour.open = () => opening.promise
    transport.behaviour.publish = async ({ payload }) => order.push((payload as { id: number }).id)
    const tab = await line.openTab()
    await tab.ask(publish(1), publish(2))
    await tab.ask(publish(3))
    expect(calls('publish')).toEqual([])
    opening.resolve()
    await receipt(tab, 3, 'acknowledged')
    await tab.ask(publish(4))
    await receipt(tab, 4, 'acknowledged')
    expect(order).toEqual([1, 2, 3, 4])
    for (const id of [1, 2, 3, 4])
      expect(tab.notices('receipt').filter(notice => notice.id === id)).toMatchObject([
        { stage: 'sent' },
        { stage: 'acknowledged' },
      ])
  })

  it('that find no open line within timeoutMs are not sent, also not later', async () => {
    const { host, line, transport, calls } = setUp()
    const opening = deferred<void>()
    transport.behaviour.open = () => opening.promise
    const tab = await line.openTab(want('orders'))
    await tab.ask(publish(1, 3_000))
    await host.advance(2_999)
    expect(tab.notices('receipt')).toEqual([])
    await host.advance(1)
    expect((await receipt(tab, 1, 'failed')).error).toEqual({
      code: 'not-sent',
      message: 'the message was not sent: the line was not open within 3000 ms',
      retryable: true,
    })
    opening.resolve()
    await joined(tab)
    expect(calls('publish')).toEqual([])
  })

  it('that the transport throws back are not sent', async () => {
    const { line, transport } = setUp()
    transport.behaviour.publish = () => {
      throw new UpstreamError('network', 'buffer full')
    }
    const tab = await line.openTab()
    await tab.ask(publish(1))
    expect((await receipt(tab, 1, 'failed')).error).toMatchObject({
      code: 'not-sent',
      message: 'the message was not sent: buffer full',
    })
    expect(tab.notices('receipt')).toHaveLength(1)
  })

  it('that were sent and not acknowledged within timeoutMs are unconfirmed', async () => {
    const { host, line, transport } = setUp()
    transport.behaviour.publish = () => new Promise(() => {})
    const tab = await line.openTab()
    await tab.ask(publish(1, 3_000))
    await receipt(tab, 1, 'sent')
    await host.advance(3_000)
    expect((await receipt(tab, 1, 'failed')).error).toMatchObject({
      code: 'unconfirmed',
      message: 'the message was sent, but nobody knows whether it arrived: no acknowledgement within 3000 ms',
    })
  })

  it('that were sent when the connection was lost are unconfirmed; those that were not are sent by the next', async () => {
    const { host, line, transport } = setUp()
    host.randomness = 0.5
    const order: unknown[] = []
    transport.behaviour.publish = async ({ payload }) => {
      const { id } = payload as { id: number }
      order.push(id)
      return id === 1 ? new Promise(() => {}) : 'done'
    }
    const tab = await line.openTab()
    await tab.ask(publish(1))
    await receipt(tab, 1, 'sent')
    transport.lose()
    await tab.ask(publish(2))
    expect((await receipt(tab, 1, 'failed')).error).toMatchObject({ code: 'unconfirmed', retryable: true })
    await host.advance(1_000)
    await receipt(tab, 2, 'acknowledged')
    expect(order).toEqual([1, 2])
  })

  it('that the server refuses are rejected with its reason', async () => {
    const { line, transport } = setUp()
    transport.behaviour.publish = () =>
      Promise.reject(new UpstreamError('refused', 'no such table', { details: { table: 4 } }))
    const tab = await line.openTab()
    await tab.ask(publish(1))
    expect((await receipt(tab, 1, 'failed')).error).toEqual({
      code: 'rejected',
      message: 'the server refused the message: no such table',
      retryable: false,
      details: { table: 4 },
    })
  })

  it('that are cancelled before they were sent are never sent, and nothing more is told of them', async () => {
    const { line, transport, calls } = setUp()
    const opening = deferred<void>()
    transport.behaviour.open = () => opening.promise
    const tab = await line.openTab()
    await tab.ask(publish(1), publish(2))
    await tab.ask({ op: 'signal', signal: 'cancel', id: 1 })
    opening.resolve()
    await receipt(tab, 2, 'acknowledged')
    expect(calls('publish')).toHaveLength(1)
    expect(tab.notices('receipt').filter(({ id }) => id === 1)).toEqual([])
  })

  it('can only be cancelled by the tab that asked', async () => {
    const { line, transport } = setUp()
    const opening = deferred<void>()
    transport.behaviour.open = () => opening.promise
    const [own, other] = await Promise.all([line.openTab(), line.openTab()])
    await own.ask(publish(1))
    await other.ask({ op: 'signal', signal: 'cancel', id: 1 })
    opening.resolve()
    await receipt(own, 1, 'acknowledged')
    expect(other.notices('receipt')).toEqual([])
  })

  it('of a tab that went before they were sent are not sent', async () => {
    const { line, transport, calls } = setUp()
    const opening = deferred<void>()
    transport.behaviour.open = () => opening.promise
    const [going, staying] = await Promise.all([line.openTab(), line.openTab()])
    await going.ask(publish(1))
    await staying.ask(publish(2))
    going.close()
    await waitFor(() => line.broker.stats().sessions.attached === 1, 'one session')
    opening.resolve()
    await receipt(staying, 2, 'acknowledged')
    expect(calls('publish')).toHaveLength(1)
  })

  it('beyond maxPending of a tab are refused; other tabs go on', async () => {
    const { line, transport } = setUp({ maxPending: 2 })
    transport.behaviour.open = () => new Promise(() => {})
    const [greedy, modest] = await Promise.all([line.openTab(), line.openTab()])
    expect(await greedy.ask(publish(1), publish(2))).toEqual([])
    expect(await greedy.ask(publish(3), subscribe('orders'))).toMatchObject([
      { index: 0, error: { code: 'too-many-pending', retryable: true } },
    ])
    expect(await modest.ask(publish(1))).toEqual([])
  })
})

describe('after a discontinuity', () => {
  it('every subscription hears `unknown` before its first event, where the transport says nothing', async () => {
    const { host, line, transport, emit } = setUp()
    const tabs = await Promise.all([line.openTab(want('orders')), line.openTab(want('orders'))])
    await Promise.all(tabs.map(tab => joined(tab)))
    emit('orders', 1)
    transport.behaviour.join = () => new Promise(() => {})
    transport.lose()
    await host.advance(0)
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joining', 'the second join')
    emit('orders', 2)
    for (const tab of tabs) {
      await waitFor(() => tab.events().length === 2, 'two events')
      expect(story(tab)).toEqual([1, 'unknown', 2])
    }
  })

  it.each([
    ['was never acknowledged', 0],
    ['was given up and is to be made again', 10_000],
  ])('events that came before it count: `unknown` also where the join %s', async (_, waitedMs) => {
    const { host, line, transport, emit } = setUp({ joinTimeoutMs: 10_000 })
    host.randomness = 0.5
    transport.behaviour.join = () => new Promise(() => {})
    const tab = await line.openTab(want('orders'))
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joining', 'the join')
    emit('orders', 1)
    await host.advance(waitedMs)
    expect(line.broker.stats().channels[0]?.state).toBe(waitedMs === 0 ? 'joining' : 'out')
    transport.lose()
    await host.advance(500)
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joining', 'the next join')
    emit('orders', 2)
    await waitFor(() => tab.events().length === 2, 'two events')
    expect(story(tab)).toEqual([1, 'unknown', 2])
  })

  it('a subscription is told that it is joining again as soon as the connection is lost', async () => {
    const { host, line, transport } = setUp()
    host.randomness = 0.5
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    const states = () => tab.notices('subscription').map(({ state }) => state)
    transport.lose()
    await tab.notice('status', ({ status }) => status === 'offline')
    expect(states()).toEqual(['joining', 'joined', 'joining'])
    await host.advance(500)
    await tab.notice('continuity')
    expect(states()).toEqual(['joining', 'joined', 'joining', 'joined'])
  })

  it('a subscription hears `unknown` with the join, where no event comes first', async () => {
    const { host, line, transport } = setUp()
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    transport.lose()
    await host.advance(0)
    expect(await tab.notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it('a subscription hears what the transport says, once', async () => {
    const { host, line, transport, emit } = setUp()
    const tab = await line.openTab(want('orders', 'floor'))
    await joined(tab)
    await joined(tab, 'floor')
    transport.behaviour.join = async channel => {
      if (channel === 'orders') transport.sink().continuity('orders', { verdict: 'recovered' })
      else transport.sink().continuity('floor', { verdict: 'gap', missed: 3 })
    }
    transport.lose()
    await host.advance(0)
    await waitFor(() => tab.notices('continuity').length === 2, 'two notices')
    emit('orders', 1)
    emit('floor', 2)
    await waitFor(() => tab.events().length === 2, 'two events')
    expect(tab.notices('continuity')).toMatchObject([{ verdict: 'recovered' }, { verdict: 'gap', missed: 3 }])
  })

  it('a channel that was not joined before hears nothing: it missed nothing', async () => {
    const { line, emit } = setUp()
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    emit('orders', 1)
    await waitFor(() => tab.events().length === 1, 'the event')
    expect(tab.notices('continuity')).toEqual([])
  })
})

describe('a tab that comes back with a mark', () => {
  /** A line with one tab that keeps the channel joined, to which two events came, at the positions `5` and `6`. */
  async function joinedLine(options: Partial<BrokerOptions> = {}) {
    const setup = setUp(options)
    const staying = await setup.line.openTab(want('orders', 'floor'))
    await Promise.all([joined(staying), joined(staying, 'floor')])

    /** What a tab is told that has everything up to now. */
    async function mark(): Promise<Mark> {
      const before = staying.notices('mark').length
      staying.ping()
      const notice = await waitFor(() => staying.notices('mark')[before], 'a mark')
      return notice.mark
    }

    const marks: Mark[] = [await mark()]
    for (const position of ['5', '6']) {
      setup.emit('orders', Number(position), { position })
      marks.push(await mark())
    }
    return {
      ...setup,
      staying,
      mark,
      /** Told before the first event, between the two, and after them. */
      marks: marks as [Mark, Mark, Mark],
      comeBack: (last: Mark, resume: Resume = { moved: false }) =>
        setup.line.openTab({ marks: [last], wanted: [{ channel: 'orders', resume }] }),
    }
  }

  it.each<[string, 0 | 1 | 2, Resume, unknown[]]>([
    ['behind which nothing came misses nothing', 2, { moved: false }, ['recovered']],
    ['behind which one event came gets it', 1, { moved: false }, ['recovered', 6]],
    ['behind which events came gets them', 0, { moved: false }, ['recovered', 5, 6]],
    [
      'behind which events came gets those after the last that it handled',
      0,
      { moved: true, position: '5' },
      ['recovered', 6],
    ],
    ['and has handled all that came behind it misses nothing', 0, { moved: true, position: '6' }, ['recovered']],
    ['but whose last event never came here is told `unknown`', 0, { moved: true, position: '4' }, ['unknown']],
    ['but whose last event had no position is told `unknown`', 0, { moved: true }, ['unknown']],
  ])('%s', async (_, index, resume, told) => {
    const { comeBack, marks, emit, staying } = await joinedLine()
    const back = await comeBack(marks[index], resume)
    emit('orders', 'next', { position: '7' })
    await waitFor(() => back.payloads().includes('next'), 'the next event')
    expect(story(back)).toEqual([...told, 'next'])
    expect(story(staying)).toEqual([5, 6, 'next'])
  })

  it('while the server restores what was missed waits for what it has handled, and gets nothing twice', async () => {
    const { host, line, transport, emit } = setUp()
    const restored = deferred<void>()
    transport.behaviour.open = async () => {
      transport.sink().continuity('orders', { verdict: 'recovered' })
      emit('orders', 5, { position: '5' })
      await restored.promise
    }
    const behind = await line.openTab({
      marks: [{ epoch: 'another', n: 0, checkpoint: { '': { session: 's', position: '4' } } }],
      wanted: [{ channel: 'orders', resume: { moved: false } }],
    })
    await host.advance(500)
    expect(transport.calls).toEqual(['open'])
    const ahead = await line.openTab({
      wanted: [{ channel: 'orders', resume: { moved: true, position: '7' } }],
    })
    for (const n of [6, 7, 8]) emit('orders', n, { position: String(n) })
    restored.resolve()
    await Promise.all([joined(behind), joined(ahead)])
    emit('orders', 9, { position: '9' })
    for (const tab of [behind, ahead]) await waitFor(() => tab.payloads().includes(9), 'the next event')
    expect(story(behind)).toEqual(['recovered', 5, 6, 7, 8, 9])
    expect(story(ahead)).toEqual(['recovered', 8, 9])
  })

  it('of another broker, of which nothing is known here, is told `unknown`', async () => {
    const { line } = await joinedLine()
    const back = await line.openTab({
      marks: [{ epoch: 'another', n: 0, checkpoint: { '': { session: 's', position: '4' } } }],
      wanted: [{ channel: 'orders', resume: { moved: false } }],
    })
    expect(await back.notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it.each<[string | undefined, unknown[]]>([
    ['6', ['recovered']],
    ['5', ['recovered', 6]],
    ['4', ['unknown']],
    [undefined, ['unknown']],
  ])('or without one gets what came after the last event that it handled: at %j → %j', async (position, told) => {
    const { line, emit } = await joinedLine()
    const back = await line.openTab({ wanted: [{ channel: 'orders', resume: { moved: true, position } }] })
    emit('orders', 'next')
    await waitFor(() => back.payloads().includes('next'), 'the next event')
    expect(story(back)).toEqual([...told, 'next'])
  })

  it('or position is told `unknown`', async () => {
    const { line } = await joinedLine()
    const back = await line.openTab({ wanted: [{ channel: 'orders', resume: { moved: false } }] })
    expect(await back.notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it('gets what passed while no tab wanted the channel, as long as it was not left', async () => {
    const { staying, emit, marks, comeBack } = await joinedLine()
    await staying.ask(unsubscribe('orders'))
    emit('orders', 3, { position: '7' })
    const back = await comeBack(marks[2])
    await waitFor(() => back.events().length === 1, 'the event')
    expect(story(back)).toEqual(['recovered', 3])
  })

  it('is told `unknown` when the channel was left and joined again meanwhile', async () => {
    const { host, line, staying, marks, comeBack } = await joinedLine({ lingerMs: 10 })
    await staying.ask(unsubscribe('orders'))
    await host.advance(10)
    const other = await line.openTab(want('orders'))
    await joined(other)
    expect(await (await comeBack(marks[2])).notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it('is told `unknown` when it is the first that wants again what was left meanwhile', async () => {
    const { host, staying, marks, comeBack } = await joinedLine({ lingerMs: 10 })
    await staying.ask(unsubscribe('orders'))
    await host.advance(10)
    expect(await (await comeBack(marks[2])).notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it.each<[string, Continuity]>([
    ['a counted gap', { verdict: 'gap', missed: 2 }],
    ['nobody knows what', { verdict: 'unknown' }],
  ])('is told `unknown` when the channel had %s since', async (_, continuity) => {
    const { transport, marks, comeBack } = await joinedLine()
    transport.sink().continuity('orders', continuity)
    expect(await (await comeBack(marks[2])).notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it('is told `unknown` when the connection was lost meanwhile and nobody knows more', async () => {
    const { host, line, transport, marks, comeBack } = await joinedLine()
    transport.lose()
    await host.advance(0)
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the second join')
    expect(await (await comeBack(marks[2])).notice('continuity')).toMatchObject({ verdict: 'unknown' })
  })

  it('that was told after a discontinuity has lost nothing by it', async () => {
    const { transport, mark, emit, comeBack } = await joinedLine()
    transport.sink().continuity('orders', { verdict: 'unknown' })
    const after = await mark()
    emit('orders', 3, { position: '7' })
    const back = await comeBack(after)
    await waitFor(() => back.events().length === 1, 'the event')
    expect(story(back)).toEqual(['recovered', 3])
  })

  it('is told `unknown` when not all that came since is kept', async () => {
    const { emit, marks, comeBack } = await joinedLine({ maxHistoryEvents: 3 })
    for (const n of [3, 4]) emit('floor', n)
    expect(await (await comeBack(marks[0])).notice('continuity')).toMatchObject({ verdict: 'unknown' })
    const back = await comeBack(marks[1])
    await waitFor(() => back.events().length === 1, 'the event')
    expect(story(back)).toEqual(['recovered', 6])
  })
})

describe('sessions', () => {
  it('end with bye', async () => {
    const { line } = setUp()
    const [going, staying] = await Promise.all([line.openTab(want('orders')), line.openTab()])
    going.close()
    await waitFor(() => line.broker.stats().sessions.attached === 1, 'one session')
    expect(line.broker.stats()).toMatchObject({
      sessions: { detachedDead: 0 },
      channels: [{ channel: 'orders', sessions: 0 }],
    })
    expect(staying.ended()).toBeUndefined()
  })

  it('end when the lock of their tab is no longer held', async () => {
    const { host, line } = setUp({ livenessPollMs: 1_000 })
    await Promise.all([line.openTab(want('orders')), line.openTab(want('orders'))])
    host.locks.delete('tab-1')
    await host.advance(4_000)
    await waitFor(() => line.broker.stats().sessions.attached === 1, 'one session')
    expect(line.broker.stats()).toMatchObject({
      sessions: { attached: 1, detachedDead: 1 },
      channels: [{ channel: 'orders', sessions: 1 }],
    })
  })

  it('that are taken for dead hear of it: a tab that lives knows that it has to attach again', async () => {
    const { host, line } = setUp({ livenessPollMs: 1_000 })
    const tab = await line.openTab(want('orders'))
    host.locks.delete('tab-1')
    await host.advance(4_000)
    expect(await waitFor(() => tab.ended(), 'the end')).toMatchObject({ code: 'stale-epoch', retryable: true })
    host.locks.add('tab-1')
    const again = await line.openTab({ tabId: 'tab-1', attempt: 2, ...want('orders') })
    await joined(again)
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, detachedDead: 1 })
  })

  it('live on when the clock jumps', async () => {
    const { host, line } = setUp({ leaseMs: 10_000, livenessPollMs: 1_000 })
    const tab = await rawTab(line, { lease: { kind: 'silence' }, ...want('orders') })
    host.jump(3_600_000)
    await host.advance(5_000)
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, detachedDead: 0 })
    expect(await tab.call('stats', tab.epoch)).toMatchObject({ ok: true })
  })

  it('without a lock are asked for a sign of life, and live as long as they give one', async () => {
    const { host, line } = setUp({ leaseMs: 10_000, livenessPollMs: 1_000 })
    const tab = await line.openTab({ lease: { kind: 'silence' } })
    expect(tab.welcome.limits.leaseMs).toBe(10_000)
    for (let asked = 1; asked <= 5; asked++) {
      await host.advance(6_000)
      await waitFor(() => tab.items.length >= asked, 'a question')
    }
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, detachedDead: 0 })
  })

  it('without a lock end after a silence of leaseMs', async () => {
    const { host, line } = setUp({ leaseMs: 10_000, livenessPollMs: 1_000 })
    const tab = await rawTab(line, { lease: { kind: 'silence' } })
    await host.advance(10_000)
    expect(line.broker.stats().sessions.attached).toBe(1)
    await host.advance(2_000)
    await waitFor(() => line.broker.stats().sessions.attached === 0, 'no session')
    expect(line.broker.stats().sessions.detachedDead).toBe(1)
    expect(await tab.call('stats', tab.epoch)).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
  })

  it('of another protocol version are refused with both versions', async () => {
    const { line } = setUp()
    await expect(line.openTab({ protocol: { major: 99, minor: 1 } })).rejects.toMatchObject({
      code: 'version-mismatch',
      details: { tab: { major: 99, minor: 1 }, broker: { major: expect.any(Number) } },
    })
    await expect(line.openTab({ protocol: { major: 1, minor: 99 } })).resolves.toBeDefined()
  })

  it('of another scope are refused', async () => {
    const { line } = setUp()
    await expect(line.openTab({ scope: 'bob' })).rejects.toMatchObject({ code: 'scope-mismatch' })
    expect(line.broker.stats().sessions.attached).toBe(0)
  })

  it('are replaced when a tab attaches again on the same port', async () => {
    const { line, emit } = setUp()
    const port = line.openPort()
    const first = await rawTab(line, want('orders'), port)
    const second = await rawTab(line, want('orders'), port)
    expect(first.sessionId).not.toBe(second.sessionId)
    expect(line.broker.stats()).toMatchObject({
      sessions: { attached: 1, detachedDead: 0 },
      channels: [{ sessions: 1 }],
    })
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    second.acknowledgeAll()
    emit('orders', 'only once')
    await waitFor(() => second.events().length === 1, 'the event')
    expect(first.events()).toEqual([])
  })

  it('are one for each tab: a later attempt takes the place of an earlier one, over whichever port', async () => {
    const { line, emit } = setUp()
    const other = await line.openTab(want('orders'))
    const first = await rawTab(line, { tabId: 'same', attempt: 1, ...want('orders', 'floor') })
    const second = await rawTab(line, { tabId: 'same', attempt: 2, ...want('orders') })
    expect(line.broker.stats()).toMatchObject({
      sessions: { attached: 2, detachedDead: 0 },
      channels: [
        { channel: 'orders', sessions: 2 },
        { channel: 'floor', sessions: 0 },
      ],
    })
    expect(await first.call('stats', first.epoch)).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
    second.acknowledgeAll()
    emit('orders', 'only once')
    await waitFor(() => second.events().length === 1 && other.events().length === 1, 'the event')
    expect(first.events()).toEqual([])
  })

  it('are not made for an attempt that a later one has overtaken', async () => {
    const { line } = setUp()
    const later = await rawTab(line, { tabId: 'same', attempt: 2, ...want('orders') })
    await expect(line.openTab({ tabId: 'same', attempt: 1, ...want('floor') })).rejects.toMatchObject({
      code: 'stale-epoch',
      retryable: true,
    })
    expect(await later.call('stats', later.epoch)).toMatchObject({ ok: true })
    expect(line.broker.stats()).toMatchObject({ sessions: { attached: 1 }, channels: [{ channel: 'orders' }] })
  })

  it('that ask with another epoch are told that it is stale', async () => {
    const { line } = setUp()
    const tab = await line.openTab()
    line.broker.close()
    await expect(tab.stats()).rejects.toMatchObject({ code: 'stale-epoch', retryable: true })
    expect(tab.ended()).toMatchObject({ code: 'stale-epoch' })
  })
})

describe('a tab that acknowledges nothing', () => {
  const MAX_QUEUED = 50
  const churn = (id: number): Op[] => [publish(id), unsubscribe('orders'), subscribe('orders')]

  it.each([
    ['one by one', 1],
    ['all at once', 200],
  ])('and goes on asking, %s, is let go: what the broker holds for it is bounded', async (_, perAsk) => {
    const { host, line, emit } = setUp({ maxQueuedItems: MAX_QUEUED, lingerMs: 0, idleMs: 0 })
    const other = await line.openTab(want('floor'))
    const tab = await rawTab(line)
    await joined(other, 'floor')
    let last = await tab.call('ask', { epoch: tab.epoch, ops: [] })
    for (let asked = 0; last.ok && asked < 200; asked += perAsk) {
      const ops = Array.from({ length: perAsk }, (__, n) => churn(asked + n)).flat()
      last = await tab.call('ask', { epoch: tab.epoch, ops })
      expect(line.broker.stats().queued.items).toBeLessThanOrEqual(2 * MAX_QUEUED)
    }
    expect(last).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
    await waitFor(() => tab.announcements().find(({ error }) => error?.code === 'stale-epoch'), 'the dismissal')
    await host.advance(0)
    expect(line.broker.stats()).toMatchObject({
      sessions: { attached: 1 },
      channels: [{ channel: 'floor', sessions: 1 }],
      queued: { items: 0 },
    })
    emit('floor', 1)
    await waitFor(() => other.payloads().length === 1, 'the event of the other tab')
  })

  it('has few notices wait for it however often the line goes and comes, and hears how it stands', async () => {
    const { host, line, transport } = setUp({ maxQueuedItems: 10, circuitFailures: 1_000 })
    const tab = await rawTab(line, want('orders'))
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    for (let n = 0; n < 200; n++) {
      transport.lose()
      await host.advance(0)
      // One status, one subscription and one mark besides.
      expect(line.broker.stats().queued.items).toBeLessThanOrEqual(13)
    }
    expect(line.broker.stats()).toMatchObject({ sessions: { attached: 1 }, connection: { state: 'open', lost: 200 } })
    tab.acknowledgeAll()
    await waitFor(() => line.broker.stats().queued.items === 0, 'an empty queue')
    const { items } = await waitFor(() => tab.items().length > 10 && { items: tab.items() }, 'what waited')
    const latest = (type: string) => items.findLast(item => 'type' in item && item.type === type)
    expect(latest('status')).toMatchObject({ status: 'open' })
    expect(latest('subscription')).toMatchObject({ state: 'joined' })
    expect(latest('continuity')).toMatchObject({ verdict: 'unknown' })
  })
})

describe('what goes to the tabs', () => {
  const large = { text: 'x'.repeat(5_000) }

  it('goes as one JSON text to several tabs, and as it is to one', async () => {
    const { line, emit } = setUp()
    const [first, second] = await Promise.all([line.openTab(want('orders')), line.openTab(want('orders'))])
    const alone = await line.openTab(want('floor'))
    await Promise.all([joined(first), joined(second), joined(alone, 'floor')])
    emit('orders', large)
    emit('orders', { small: true })
    emit('floor', large)
    await waitFor(() => [first, second].every(tab => tab.events().length === 2), 'four events')
    await waitFor(() => alone.events().length === 1, 'the other event')
    for (const tab of [first, second]) expect(tab.texts.join()).toContain('"small":true')
    expect(alone.texts).toEqual([])
    for (const tab of [first, second, alone]) expect(tab.payloads()[0]).toEqual(large)
  })

  it('loses one payload that cannot be cloned and nothing else', async () => {
    const { host, line, emit } = setUp()
    const tab = await line.openTab(want('orders'))
    await joined(tab)
    emit('orders', 1)
    emit('orders', () => {})
    emit('orders', 3)
    await waitFor(() => tab.events().length === 2, 'two events')
    expect(story(tab)).toEqual([1, 'gap', 3])
    expect(host.errors).toMatchObject([{ code: 'invalid-payload' }])
  })
})

describe('stats', () => {
  it('tell what there is and what went through', async () => {
    const { host, line, transport, emit } = setUp()
    transport.behaviour.publish = async ({ event }) => {
      if (event === 'refuse') throw new UpstreamError('refused', 'no')
      return 'done'
    }
    const tab = await line.openTab(want('orders'))
    await line.openTab({ visible: false, ...want('orders') })
    await joined(tab)
    await host.advance(500)
    emit('orders', 1)
    emit('nobody wants this', 2)
    await tab.ask(publish(1), { ...publish(2), event: 'refuse' })
    await receipt(tab, 1, 'acknowledged')
    await receipt(tab, 2, 'failed')
    await waitFor(() => tab.events().length === 1, 'the event')
    await waitFor(() => line.broker.stats().queued.items === 0, 'empty queues')
    const stats = await tab.stats()
    expect(stats).toEqual({
      epoch: tab.welcome.epoch,
      generation: 1,
      scope: 'ann',
      uptimeMs: 500,
      sessions: { attached: 2, visible: 1, suspended: 0, detachedDead: 0 },
      connection: { state: 'open', transport: 'test', sinceMs: 500, opened: 1, lost: 0, failures: 0, degraded: false },
      channels: [{ channel: 'orders', sessions: 2, state: 'joined' }],
      traffic: {
        eventsIn: 2,
        eventsUnrouted: 1,
        malformed: 0,
        deliveries: expect.any(Number),
        frames: expect.any(Number),
        dropped: 0,
        published: 2,
        acknowledged: 1,
        failed: 1,
      },
      queued: { items: 0, bytes: 0 },
      outbox: { waiting: 0, dead: 0, bytes: 0, storage: 'ready' },
      rejectedMessages: 0,
    })
    expect(stats.traffic.deliveries).toBeGreaterThanOrEqual(stats.traffic.frames)
  })

  it('tell why there is no connection', async () => {
    const { line, transport } = setUp()
    transport.behaviour.open = () => Promise.reject(new UpstreamError('credentials', 'not you'))
    const tab = await line.openTab(want('orders'))
    await tab.notice('status', ({ status }) => status === 'blocked')
    expect((await tab.stats()).connection).toMatchObject({
      state: 'blocked',
      reason: 'credentials-refused',
      lastCause: 'credentials',
      failures: 1,
    })
  })
})

test('a tab with more channels than may wait for it attaches all the same', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `room:${index}`)
  const { line } = setUp({ maxQueuedItems: 10, lingerMs: 0 })
  const tab = await line.openTab(want(...names))
  await Promise.all(names.map(name => joined(tab, name)))
  expect(line.broker.stats().channels.map(({ sessions }) => sessions)).toEqual(names.map(() => 1))
  expect(tab.ended()).toBeUndefined()
})
