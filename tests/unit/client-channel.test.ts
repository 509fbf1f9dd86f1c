import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ClientChannel } from '../../src/client/channel.ts'
import { startOutgoing } from '../../src/client/outgoing.ts'
import { Subscription, type Tell } from '../../src/client/subscription.ts'

const REF = 3

beforeEach(() => void vi.stubGlobal('reportError', (error: unknown) => reported.push(error)))
afterEach(() => {
  vi.unstubAllGlobals()
  reported.length = 0
})
const reported: unknown[] = []

/** A channel of a tab, and what the broker is told of how it is wanted. */
function setUp() {
  const told: unknown[] = []
  const tracked: unknown[] = []
  const tell: Tell = op => {
    if (op.op === 'subscribe') told.push(op.deliver)
    if (op.op === 'unsubscribe') told.push(undefined)
    if (op.op === 'track') tracked.push(op.state)
    return true
  }
  const subscription = new Subscription('orders', tell)
  const line = { ...startOutgoing(), closed: new AbortController().signal }
  const channel = new ClientChannel({ name: 'orders' }, subscription, line)
  const heard: unknown[] = []
  return {
    channel,
    subscription,
    told,
    tracked,
    heard,
    listen: (deliver?: 'all' | 'one') => channel.on('e', payload => heard.push(payload), deliver && { deliver }),
    receive: (payload: unknown, position?: string, ref = REF) => subscription.receive([ref, 'e', payload, position]),
  }
}

test('what the transport told of the join is there while it is joined', () => {
  const { channel, subscription, listen } = setUp()
  const changes: unknown[] = []
  channel.onState(change => changes.push(change))
  listen()
  subscription.subscription('joined', undefined, { id: 7 })
  expect(channel.info).toEqual({ id: 7 })
  subscription.subscription('joining')
  expect(channel.info).toBeUndefined()
  expect(changes).toMatchObject([{ state: 'joining' }, { state: 'joined', info: { id: 7 } }, { state: 'joining' }])
})

test('a state that cannot be cloned is refused, and changes nothing', () => {
  const { channel, told, tracked } = setUp()
  expect(() => channel.track({ call: () => {} })).toThrow('could not be cloned')
  expect([told, tracked]).toEqual([[], []])
})

test.each([Infinity, 1.5, -1, Number.NaN])('a replay of %s events is refused, and changes nothing', replay => {
  const { channel, told } = setUp()
  expect(() => channel.on('e', () => {}, { replay })).toThrow(expect.objectContaining({ code: 'bad-options' }))
  expect(told).toEqual([])
})

describe('how a tab wants a channel', () => {
  test('is told when it changes, and only then', () => {
    const { listen, told } = setUp()
    const stops = [listen(), listen(), listen('one'), listen('one')]
    expect(told).toEqual(['all', 'both'])
    for (const stop of stops) stop()
    expect(told).toEqual(['all', 'both', 'one', undefined])
  })

  test('is not told for a listener whose signal has aborted', () => {
    const { channel, told } = setUp()
    channel.on('e', () => undefined, { signal: AbortSignal.abort(), replay: 3 })
    expect(told).toEqual([])
    channel.onAny(() => undefined)
    expect(told).toEqual(['all'])
  })

  test('is told in the order in which it changed, also where whoever hears that it is idle listens again', () => {
    const { channel, told, listen } = setUp()
    const stop = listen()
    const stopHearing = channel.onState(({ state }) => {
      if (state !== 'idle') return
      stopHearing()
      listen()
    })
    stop()
    expect(told).toEqual(['all', undefined, 'all'])
    expect(channel.state).toBe('joining')
  })

  test('is one for sounds, all for the rest: each listener gets what it asked for', () => {
    const { channel, receive } = setUp()
    const rang: unknown[] = []
    const shown: unknown[] = []
    channel.on('e', payload => rang.push(payload), { deliver: 'one' })
    channel.onAny(payload => shown.push(payload))
    receive('a')
    receive('a', undefined, -REF)
    receive('b')
    expect([rang, shown]).toEqual([['a'], ['a', 'b']])
  })
})

describe('what a tab tells of itself', () => {
  test('keeps the channel wanted, and is told again to every broker', () => {
    const { channel, subscription, told, tracked } = setUp()
    channel.track({ name: 'Ann' })
    expect([told, tracked]).toEqual([['all'], [{ name: 'Ann' }]])
    subscription.attached()
    expect([told, tracked]).toEqual([['all'], [{ name: 'Ann' }, { name: 'Ann' }]])
    channel.track(undefined)
    subscription.attached()
    expect([told, tracked]).toEqual([
      ['all', undefined],
      [{ name: 'Ann' }, { name: 'Ann' }, undefined],
    ])
  })
})

describe('what is asked of the next broker', () => {
  test('is nothing to resume where no broker knew of the channel yet', () => {
    const { subscription, listen } = setUp()
    listen()
    expect(subscription.wanted()).toMatchObject({ channel: 'orders', deliver: 'all', resume: undefined })
  })

  test('tells how far the tab has come since its last mark', () => {
    const { subscription, listen, receive } = setUp()
    listen()
    listen('one')
    subscription.subscription('joined')
    expect(subscription.wanted().resume).toEqual({ moved: false })
    receive('a', '5')
    expect(subscription.wanted().resume).toEqual({ moved: true, position: '5', one: undefined })
    receive('b', '6', -REF)
    expect(subscription.wanted().resume).toEqual({ moved: true, position: '5', one: '6' })
    receive('b', '6')
    expect(subscription.wanted().resume).toEqual({ moved: true, position: '6', one: '6' })
    subscription.marked()
    expect(subscription.wanted().resume).toEqual({ moved: false })
  })

  test('is a fresh start after the tab had left the channel', () => {
    const { subscription, listen, receive } = setUp()
    const stop = listen()
    subscription.subscription('joined')
    receive('a', '5')
    stop()
    listen()
    expect(subscription.wanted().resume).toBeUndefined()
  })
})

describe('a channel that is left and wanted again', () => {
  test('hears nothing that belongs to the subscription before', () => {
    const { channel, subscription, listen, receive, heard } = setUp()
    const stop = listen()
    subscription.subscription('joined')
    stop()
    listen()
    receive('old')
    subscription.subscription('joined')
    expect(channel.state).toBe('joining')
    subscription.subscription('left')
    subscription.subscription('joined')
    receive('new')
    expect(channel.state).toBe('joined')
    expect(heard).toEqual(['new'])
  })

  test('is joined also where the word that it was left is told again after the page was cached', () => {
    const { channel, subscription, listen, receive, heard } = setUp()
    const stop = listen()
    subscription.subscription('joined')
    stop()
    subscription.detached()
    listen()
    subscription.subscription('left')
    subscription.subscription('joined')
    receive('new')
    expect(channel.state).toBe('joined')
    expect(subscription.wanted().resume).toBeDefined()
    expect(heard).toEqual(['new'])
    stop()
  })

  test('and left again then hears nothing more', () => {
    const { subscription, listen, receive, heard } = setUp()
    listen()()
    subscription.detached()
    const stop = listen()
    subscription.subscription('left')
    subscription.subscription('joined')
    stop()
    listen()
    receive('old')
    expect(heard).toEqual([])
  })
})

test('a handler that throws takes nothing from the others, and is reported', () => {
  const { channel, listen, receive, heard } = setUp()
  channel.onAny(() => {
    throw new Error('oops')
  })
  listen()
  receive('a')
  expect(heard).toEqual(['a'])
  expect(reported).toMatchObject([{ message: 'oops' }])
})
