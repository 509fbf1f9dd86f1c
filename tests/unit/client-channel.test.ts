import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Asking } from '../../src/client/asking.ts'
import { ClientChannel } from '../../src/client/channel.ts'
import { Publishing } from '../../src/client/publishing.ts'

const REF = 3

beforeEach(() => void vi.stubGlobal('reportError', (error: unknown) => reported.push(error)))
afterEach(() => {
  vi.unstubAllGlobals()
  reported.length = 0
})
const reported: unknown[] = []

/** A channel of a tab, and what it has told of how it wants it. */
function setUp() {
  const told: unknown[] = []
  const tracked: unknown[] = []
  const closed = new AbortController()
  const channel = new ClientChannel({ name: 'orders' }, 'orders', {
    publishing: new Publishing(new Asking()),
    closed: closed.signal,
    tracked: (_, state) => tracked.push(state),
    wantedChanged: changed => {
      told.push(changed.deliver)
      if (changed.deliver === undefined) changed.leaving()
    },
  })
  const heard: unknown[] = []
  return {
    channel,
    told,
    tracked,
    heard,
    listen: (deliver?: 'all' | 'one') => channel.on('e', payload => heard.push(payload), deliver && { deliver }),
    receive: (payload: unknown, position?: string, ref = REF) => channel.receive([ref, 'e', payload, position]),
  }
}

test('what the transport told of the join is there while it is joined', () => {
  const { channel, listen } = setUp()
  const changes: unknown[] = []
  channel.onState(change => changes.push(change))
  listen()
  channel.subscription('joined', undefined, { id: 7 })
  expect(channel.info).toEqual({ id: 7 })
  channel.subscription('joining')
  expect(channel.info).toBeUndefined()
  expect(changes).toMatchObject([{ state: 'joining' }, { state: 'joined', info: { id: 7 } }, { state: 'joining' }])
})

describe('how a tab wants a channel', () => {
  test('is told when it changes, and only then', () => {
    const { listen, told } = setUp()
    const stops = [listen(), listen(), listen('one'), listen('one')]
    expect(told).toEqual(['all', 'both'])
    for (const stop of stops) stop()
    expect(told).toEqual(['all', 'both', 'one', undefined])
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
    const { channel, told, tracked } = setUp()
    channel.track({ name: 'Ann' })
    expect([told, tracked]).toEqual([['all'], [{ name: 'Ann' }]])
    channel.trackAgain()
    expect([told, tracked]).toEqual([['all'], [{ name: 'Ann' }, { name: 'Ann' }]])
    channel.track(undefined)
    channel.trackAgain()
    expect([told, tracked]).toEqual([
      ['all', undefined],
      [{ name: 'Ann' }, { name: 'Ann' }, undefined],
    ])
  })
})

describe('what is asked of the next broker', () => {
  test('is nothing to resume where no broker knew of the channel yet', () => {
    const { channel, listen } = setUp()
    listen()
    expect(channel.wanted()).toMatchObject({ channel: 'orders', deliver: 'all', resume: undefined })
  })

  test('tells how far the tab has come since its last mark', () => {
    const { channel, listen, receive } = setUp()
    listen()
    listen('one')
    channel.subscription('joined')
    expect(channel.wanted().resume).toEqual({ moved: false })
    receive('a', '5')
    expect(channel.wanted().resume).toEqual({ moved: true, position: '5', one: undefined })
    receive('b', '6', -REF)
    expect(channel.wanted().resume).toEqual({ moved: true, position: '5', one: '6' })
    receive('b', '6')
    expect(channel.wanted().resume).toEqual({ moved: true, position: '6', one: '6' })
    channel.marked()
    expect(channel.wanted().resume).toEqual({ moved: false })
  })

  test('is a fresh start after the tab had left the channel', () => {
    const { channel, listen, receive } = setUp()
    const stop = listen()
    channel.subscription('joined')
    receive('a', '5')
    stop()
    listen()
    expect(channel.wanted().resume).toBeUndefined()
  })
})

describe('a channel that is left and wanted again', () => {
  test('hears nothing that belongs to the subscription before', () => {
    const { channel, listen, receive, heard } = setUp()
    const stop = listen()
    channel.subscription('joined')
    stop()
    listen()
    receive('old')
    channel.subscription('joined')
    expect(channel.state).toBe('joining')
    channel.subscription('left')
    channel.subscription('joined')
    receive('new')
    expect(channel.state).toBe('joined')
    expect(heard).toEqual(['new'])
  })

  test('is joined also where the word that it was left is told again after the page was cached', () => {
    const { channel, listen, receive, heard } = setUp()
    const stop = listen()
    channel.subscription('joined')
    stop()
    channel.detached()
    listen()
    channel.subscription('left')
    channel.subscription('joined')
    receive('new')
    expect(channel.state).toBe('joined')
    expect(channel.wanted().resume).toBeDefined()
    expect(heard).toEqual(['new'])
    stop()
  })

  test('and left again then hears nothing more', () => {
    const { channel, listen, receive, heard } = setUp()
    listen()()
    channel.detached()
    const stop = listen()
    channel.subscription('left')
    channel.subscription('joined')
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
