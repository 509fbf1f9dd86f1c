import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Checkpoint, Mark } from '../../src/protocol/index.ts'
import { History } from '../../src/worker/routing/history.ts'
import type { UpstreamEvent } from '../../src/worker/upstream/transport.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const OWN = 'own'
const STREAM = '/'

function setUp(limits: { maxEvents?: number; maxBytes?: number } = {}) {
  const history = new History({ maxEvents: 100, maxBytes: 1_000_000, ...limits })
  return {
    history,
    add(channel: string, payload: unknown, position?: string, { bytes = 10, stream = STREAM } = {}): UpstreamEvent {
      const event = { channel, event: 'e', payload, position }
      history.add(event, stream, bytes)
      return event
    },
    payloads: (n: number, channel = 'orders') => history.since(n, channel)?.map(({ payload }) => payload),
    place: (mark: Mark, stream = STREAM) => history.placeOfMark(mark, stream, OWN),
  }
}

const own = (n: number): Mark => ({ epoch: OWN, n })
const others = (position?: string, stream = STREAM): Mark => ({
  epoch: 'another',
  n: 77,
  checkpoint: { [stream]: { session: 's', position } },
})

describe('what came', () => {
  test('is told of one channel, oldest first, from the event after the place', () => {
    const { history, add, payloads } = setUp()
    for (const [channel, payload] of [
      ['orders', 1],
      ['floor', 2],
      ['orders', 3],
      ['orders', 4],
    ] as const)
      add(channel, payload)
    expect(history.n).toBe(4)
    expect(payloads(0)).toEqual([1, 3, 4])
    expect(payloads(1)).toEqual([3, 4])
    expect(payloads(2)).toEqual([3, 4])
    expect(payloads(4)).toEqual([])
    expect(payloads(0, 'floor')).toEqual([2])
    expect(payloads(0, 'nothing came here')).toEqual([])
  })

  test('is handed back as it came', () => {
    const { history, add } = setUp()
    const event = add('orders', { table: 4 }, '5')
    expect(history.since(0, 'orders')?.[0]).toBe(event)
  })
})

describe('the place of a mark', () => {
  test('of its own is its number', () => {
    const { add, place } = setUp()
    add('orders', 1)
    expect(place(own(0))).toBe(0)
    expect(place(own(1))).toBe(1)
  })

  test('of another broker is that of the event with its position, in the same stream', () => {
    const { add, place } = setUp()
    add('orders', 1, '5')
    add('/chat', 2, '6', { stream: '/chat' })
    add('floor', 3, '7')
    expect(place(others('5'))).toBe(1)
    expect(place(others('7'))).toBe(3)
    expect(place(others('6'))).toBeUndefined()
    expect(place(others('6', '/chat'), '/chat')).toBe(2)
  })

  test('of another broker is that of the last such event, where positions come twice', () => {
    const { add, place } = setUp()
    add('orders', 1, '5')
    add('orders', 2, '5')
    expect(place(others('5'))).toBe(2)
  })

  test.each([
    ['has no checkpoint', { epoch: 'another', n: 0 }],
    ['has no position', others(undefined)],
    ['names another stream', others('5', '/chat')],
    ['names a position that never came', others('4')],
  ])('of another broker that %s is not known', (_, mark) => {
    const { add, place } = setUp()
    add('orders', 1, '5')
    expect(place(mark)).toBeUndefined()
  })

  test('at which the server carried on is the start', () => {
    const { history, add, place } = setUp()
    history.offerStart({ [STREAM]: { session: 's', position: '5' } })
    expect(place(others('5'))).toBeUndefined()
    history.confirmStart(STREAM)
    expect(place(others('5'))).toBe(0)
    add('orders', 1, '6')
    expect(place(others('5'))).toBe(0)
    expect(place(others('6'))).toBe(1)
    expect(place(others('4'))).toBeUndefined()
  })

  test('is not known where the server carried on with another stream only', () => {
    const { history, place } = setUp()
    history.offerStart({ [STREAM]: { session: 's', position: '5' }, '/chat': { session: 't', position: '9' } })
    history.confirmStart('/chat')
    expect(place(others('5'))).toBeUndefined()
    expect(place(others('9', '/chat'), '/chat')).toBe(0)
  })
})

describe('an interruption', () => {
  test('has a number of its own, so that marks before and after it differ', () => {
    const { history, add } = setUp()
    add('orders', 1)
    const before = history.n
    const interruption = history.interrupt()
    expect(before).toBeLessThan(interruption)
    expect(history.n).toBe(interruption)
    add('orders', 2)
    expect(history.n).toBeGreaterThan(interruption)
  })

  test('takes nothing from what is kept', () => {
    const { history, add, payloads } = setUp({ maxEvents: 2 })
    add('orders', 1)
    history.interrupt()
    add('orders', 2)
    history.interrupt()
    expect(payloads(0)).toEqual([1, 2])
    expect(payloads(1)).toEqual([2])
    expect(payloads(history.n)).toEqual([])
    add('orders', 3)
    expect(payloads(0)).toBeUndefined()
    expect(payloads(1)).toEqual([2, 3])
  })
})

describe('a position', () => {
  test('is that of an event, of the start, or of nothing that is known', () => {
    const { history, add } = setUp()
    history.offerStart({ [STREAM]: { session: 's', position: '5' } })
    history.confirmStart(STREAM)
    add('orders', 1, '6')
    expect(history.placeOf('6', STREAM)).toBe(1)
    expect(history.placeOf('5', STREAM)).toBe(0)
    expect(history.placeOf('4', STREAM)).toBeUndefined()
    expect(history.placeOf(undefined, STREAM)).toBeUndefined()
    expect(history.placeOf('6', '/chat')).toBeUndefined()
  })
})

describe('a start that the server confirms', () => {
  test('where none was offered is behind all that came, and an interruption', () => {
    const { history, add } = setUp()
    add('floor', 1)
    expect(history.confirmStart(STREAM)).toBe(2)
    expect(history.placeOf(undefined, STREAM)).toBeUndefined()
  })

  test('is before the first event where it was offered, so that all events are complete', () => {
    const { history, add } = setUp()
    history.offerStart({ [STREAM]: { session: 's', position: '5' } })
    add('floor', 1, '6')
    expect(history.confirmStart(STREAM)).toBe(0)
  })
})

describe('what is kept', () => {
  test('is bounded by count', () => {
    const { add, payloads } = setUp({ maxEvents: 3 })
    for (let n = 1; n <= 10; n++) add('orders', n)
    expect(payloads(7)).toEqual([8, 9, 10])
    expect(payloads(6)).toBeUndefined()
    expect(payloads(10)).toEqual([])
  })

  test('is bounded by bytes', () => {
    const { add, payloads } = setUp({ maxBytes: 100 })
    for (let n = 1; n <= 5; n++) add('orders', n, undefined, { bytes: 40 })
    expect(payloads(3)).toEqual([4, 5])
    expect(payloads(2)).toBeUndefined()
  })

  test('is nothing at all after an event that is too large by itself', () => {
    const { add, payloads } = setUp({ maxBytes: 100 })
    add('orders', 1)
    add('orders', 2, undefined, { bytes: 101 })
    expect(payloads(1)).toBeUndefined()
    expect(payloads(2)).toEqual([])
    add('orders', 3)
    expect(payloads(2)).toEqual([3])
    expect(payloads(1)).toBeUndefined()
  })

  test('is asked for by channel, and given up for all: what went of one is missing in every answer', () => {
    const { add, payloads } = setUp({ maxEvents: 2 })
    add('floor', 1)
    add('orders', 2)
    add('orders', 3)
    expect(payloads(0)).toBeUndefined()
    expect(payloads(1)).toEqual([2, 3])
  })

  test('has no position any more when it is dropped', () => {
    const { add, place } = setUp({ maxEvents: 2 })
    for (const position of ['1', '2', '3']) add('orders', position, position)
    expect(place(others('1'))).toBeUndefined()
    expect(place(others('2'))).toBe(2)
  })

  test('is released when it is dropped', async () => {
    const { add } = setUp({ maxEvents: 2 })
    const first = new WeakRef(add('orders', { large: true }))
    for (let n = 0; n < 2; n++) add('orders', n)
    await new Promise(resolve => setImmediate(resolve))
    collectGarbage()
    expect(first.deref()).toBeUndefined()
  })

  test('is told right for any sequence of events and any bounds', () => {
    const events = fc.array(
      fc.record({ channel: fc.constantFrom('orders', 'floor'), bytes: fc.integer({ min: 1, max: 50 }) }),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(
        events,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 50, max: 200 }),
        (all, maxEvents, maxBytes) => {
          const { history, add } = setUp({ maxEvents, maxBytes })
          all.forEach(({ channel, bytes }, index) => add(channel, index + 1, undefined, { bytes }))
          const numbered = all.map((event, index) => ({ ...event, n: index + 1 }))
          for (let n = 0; n <= all.length; n++) {
            const expected = numbered.filter(event => event.n > n)
            const bytes = expected.reduce((sum, event) => sum + event.bytes, 0)
            const fits = expected.length <= maxEvents && bytes <= maxBytes
            const told = history.since(n, 'orders')?.map(({ payload }) => payload)
            expect(told).toEqual(
              fits ? expected.filter(({ channel }) => channel === 'orders').map(event => event.n) : undefined,
            )
          }
        },
      ),
    )
  })
})

test('a checkpoint that is offered anew takes the place of the one before', () => {
  const { history, place } = setUp()
  const first: Checkpoint = { [STREAM]: { session: 's', position: '5' } }
  history.offerStart(first)
  history.offerStart({ [STREAM]: { session: 's', position: '8' } })
  history.confirmStart(STREAM)
  expect(place(others('5'))).toBeUndefined()
  expect(place(others('8'))).toBe(0)
})
