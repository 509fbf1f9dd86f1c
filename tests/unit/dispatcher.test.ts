import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deferred, type Deferred } from '../../src/lib/index.ts'
import type { NewEntry, Outbox } from '../../src/outbox/index.ts'
import { PartylineError } from '../../src/protocol/index.ts'
import { Dispatcher, type DispatchPolicy } from '../../src/worker/outgoing/dispatcher.ts'
import { UpstreamError } from '../../src/worker/upstream/transport.ts'
import { fakeClockHost, reactions, type FakeClockHost } from '../support/line/fake-clock-host.ts'
import { idle } from '../support/line/storage.ts'

const POLICY: DispatchPolicy = {
  maxAttempts: 3,
  ackTimeoutMs: 10_000,
  retryBaseMs: 1_000,
  retryMaxMs: 60_000,
  maxUnderWay: 1,
}
const SCOPE = 'ann'

/** A message on its way, for the test to say what becomes of it. */
interface OnItsWay extends Deferred<unknown> {
  readonly key: string
  readonly signal: AbortSignal
}

let keys = 0

function entry(lane: string, more: Partial<NewEntry> = {}): NewEntry {
  const key = `${lane}-${String(++keys).padStart(4, '0')}`
  const body = { kind: 'message', channel: lane, event: 'place', payload: key } as const
  return { key, lane, body, bytes: 16, createdAt: 0, ...more }
}

interface Setting {
  readonly host: FakeClockHost
  readonly box: Outbox
  readonly dispatcher: Dispatcher
  readonly sent: OnItsWay[]
  /** Those that nobody has settled, the oldest first. */
  underWay(): OnItsWay[]
  readonly settled: Map<string, string>
  readonly can: { isOpen: boolean; maySend: boolean }
  publish(lane: string, more?: Partial<NewEntry>): Promise<string>
  /** The clock goes on, and the storage does what follows. */
  pass(ms: number): Promise<void>
  settle(): Promise<void>
  /** Keys in the order in which they were sent. */
  order(): string[]
}

async function setUp(policy: Partial<DispatchPolicy> = {}, host = fakeClockHost()): Promise<Setting> {
  const box = await host.openOutbox({ scope: SCOPE, now: host.wallClock, maxEntries: 1_000 })
  const sent: OnItsWay[] = []
  const over = new Set<OnItsWay>()
  const settled = new Map<string, string>()
  const can = { isOpen: true, maySend: true }
  const dispatcher = new Dispatcher({
    host,
    box,
    policy: { ...POLICY, ...policy },
    isOpen: () => can.isOpen,
    maySend: () => can.maySend,
    send(_message, key, signal) {
      const reply = deferred<unknown>()
      const onItsWay = { ...reply, key, signal }
      sent.push(onItsWay)
      signal.addEventListener('abort', () => over.add(onItsWay))
      const end = (): unknown => over.add(onItsWay)
      void reply.promise.then(end, end)
      return reply.promise
    },
    acknowledged: key => settled.set(key, 'acknowledged'),
    left() {},
    failed: (key, error) => settled.set(key, error.code),
    expire: () => undefined,
    emptied: () => undefined,
    changed: () => undefined,
  })
  await dispatcher.reload()
  async function settle(): Promise<void> {
    for (let times = 0; times < 3; times++) {
      await idle(box)
      await reactions()
    }
  }
  return {
    host,
    box,
    dispatcher,
    sent,
    underWay: () => sent.filter(one => !over.has(one)),
    settled,
    can,
    async publish(lane, more) {
      const given = entry(lane, more)
      const adding = box.add(given)
      dispatcher.add(given)
      await adding
      return given.key
    },
    async pass(ms) {
      await host.advance(ms)
      await settle()
    },
    settle,
    order: () => sent.map(({ key }) => key),
  }
}

const network = (): UpstreamError => new UpstreamError('network', 'lost on the way')

describe('a message after which the connection ends at once', () => {
  async function setUpWith(policy: Partial<DispatchPolicy> = {}) {
    const setting = await setUp(policy)
    const { dispatcher, can, settle } = setting
    return {
      ...setting,
      async lose(isUnexplained = true) {
        can.isOpen = false
        dispatcher.connectionLost(isUnexplained)
        await settle()
        can.isOpen = true
        dispatcher.turn()
        await settle()
      },
    }
  }

  test('is sent alone from the third time on, and given up after the fifth', async () => {
    const { publish, lose, underWay, settled, settle, box } = await setUpWith()
    const bad = await publish('a')
    await lose()
    await lose()
    const other = await publish('b')
    expect(underWay().map(({ key }) => key)).toEqual([bad])
    await lose()
    await lose()
    expect(underWay().map(({ key }) => key)).toEqual([bad])
    expect(settled.size).toBe(0)
    await lose()
    expect(settled.get(bad)).toBe('unconfirmed')
    expect(underWay().map(({ key }) => key)).toEqual([other])
    const dead = await box.list('dead', 10)
    expect(dead.map(({ key }) => key)).toEqual([bad])
    expect(dead[0]?.died?.error.message).toContain('5 connections ended just after the message was sent')
    underWay()[0]?.resolve('ok')
    await settle()
    expect(settled.get(other)).toBe('acknowledged')
  })

  test('draws none into it that was under way with it', async () => {
    const { publish, lose, underWay, settled, settle, order } = await setUpWith({ maxUnderWay: 3 })
    const first = await publish('a')
    const bad = await publish('a')
    const last = await publish('a')
    const other = await publish('b')
    expect(underWay()).toHaveLength(4)
    await lose()
    expect(underWay()).toHaveLength(4)
    await lose()
    for (let alone = underWay(); alone.length > 0; alone = underWay()) {
      expect(alone).toHaveLength(1)
      if (alone[0]?.key === bad) await lose()
      else alone[0]?.resolve('ok')
      await settle()
    }
    expect(Object.fromEntries(settled)).toEqual({
      [first]: 'acknowledged',
      [bad]: 'unconfirmed',
      [last]: 'acknowledged',
      [other]: 'acknowledged',
    })
    expect(order().filter(key => key === bad)).toHaveLength(5)
    expect(order().filter(key => key !== bad)).toHaveLength(9)
  })

  test('is suspected also when the lane was read anew meanwhile', async () => {
    const { publish, lose, settled, dispatcher, settle, can } = await setUpWith()
    const bad = await publish('a')
    for (let losses = 0; losses < 4; losses++) {
      await lose()
      can.isOpen = false
      await dispatcher.reload()
      can.isOpen = true
      dispatcher.turn()
      await settle()
    }
    await lose()
    expect(settled.get(bad)).toBe('unconfirmed')
  })

  test('is not given up when the connection ended later, or somebody has said why', async () => {
    const { publish, lose, settled, pass, order } = await setUpWith()
    const key = await publish('a')
    for (let losses = 0; losses < 4; losses++) await lose()
    for (let losses = 0; losses < 3; losses++) {
      await pass(2_000)
      await lose()
    }
    for (let losses = 0; losses < 3; losses++) await lose(false)
    expect(settled.size).toBe(0)
    expect(order()).toEqual(Array.from({ length: 11 }, () => key))
  })

  test('holds up nobody while its lane waits to try again', async () => {
    const { publish, lose, underWay, settle } = await setUpWith()
    const bad = await publish('a')
    await lose()
    await lose()
    expect(underWay().map(({ key }) => key)).toEqual([bad])
    underWay()[0]?.reject(new UpstreamError('rate-limited', 'slowly', { retryAfterMs: 1_000 }))
    await settle()
    const other = await publish('b')
    expect(underWay().map(({ key }) => key)).toEqual([other])
  })
})

describe('a message', () => {
  test('is sent at once where nothing waits before it, and leaves the outbox when it is acknowledged', async () => {
    const { publish, sent, settled, settle, box, dispatcher } = await setUp()
    const key = await publish('orders')
    expect(sent.map(one => one.key)).toEqual([key])
    expect(box.usage.waiting).toBe(1)
    sent[0]?.resolve({ ok: true })
    await settle()
    expect(settled.get(key)).toBe('acknowledged')
    expect(box.usage.waiting).toBe(0)
    expect(dispatcher.size).toBe(0)
    expect(box.sending.size).toBe(0)
  })

  test('waits for those of its lane, and for no other lane', async () => {
    const { publish, order, sent, settle } = await setUp()
    const [a1, a2, b1] = [await publish('a'), await publish('a'), await publish('b')]
    expect(order()).toEqual([a1, b1])
    sent[0]?.resolve('ok')
    await settle()
    expect(order()).toEqual([a1, b1, a2])
  })

  test('waits for the line, and for the right to send', async () => {
    const { publish, order, can, dispatcher } = await setUp()
    can.isOpen = false
    const key = await publish('a')
    dispatcher.turn()
    expect(order()).toEqual([])
    can.isOpen = true
    can.maySend = false
    dispatcher.turn()
    expect(order()).toEqual([])
    can.maySend = true
    dispatcher.turn()
    expect(order()).toEqual([key])
  })

  test('that the server refuses is among the dead letters as rejected, and the lane goes on', async () => {
    const { publish, order, sent, settled, settle, box } = await setUp()
    const [first, second] = [await publish('a'), await publish('a')]
    sent[0]?.reject(new UpstreamError('refused', 'no such table', { details: { error: 'no such table' } }))
    await settle()
    expect(order()).toEqual([first, second])
    expect(settled.get(first)).toBe('rejected')
    expect(await box.list('dead', 10)).toMatchObject([
      { key: first, died: { why: 'rejected', error: { code: 'rejected', details: { error: 'no such table' } } } },
    ])
  })

  test('that cannot be sent at all is among the dead letters, and the lane goes on', async () => {
    const { publish, order, sent, settled, settle, box } = await setUp()
    const [first, second] = [await publish('a'), await publish('a')]
    sent[0]?.reject(new PartylineError('invalid-payload', 'a cycle'))
    await settle()
    expect(order()).toEqual([first, second])
    expect(settled.get(first)).toBe('invalid-payload')
    expect(await box.list('dead', 10)).toMatchObject([{ key: first, died: { error: { code: 'invalid-payload' } } }])
  })

  test('that nobody acknowledges is sent again, and after maxAttempts it is unconfirmed and the lane goes on', async () => {
    const { publish, order, settled, pass, box, host } = await setUp()
    const [first, second] = [await publish('a'), await publish('a')]
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(order()).toEqual(Array.from({ length: attempt }, () => first))
      await pass(10_000)
    }
    expect(settled.get(first)).toBe('unconfirmed')
    expect(order().at(-1)).toBe(second)
    expect(await box.list('dead', 10)).toMatchObject([{ key: first, attempts: 2, died: { why: 'unconfirmed' } }])
    expect(host.errors).toEqual([])
  })

  test('keeps its failed attempts over the life of a broker', async () => {
    const { publish, box, pass, host, can } = await setUp()
    const key = await publish('a')
    await pass(10_000)
    await pass(10_000)
    can.isOpen = false
    const next = await setUp({}, host)
    expect((await box.head('message', 'a', 1))[0]?.attempts).toBe(2)
    next.underWay()[0]?.reject(network())
    await next.settle()
    expect(next.settled.get(key)).toBe('unconfirmed')
  })

  test('is sent again at once when the line is back, and that was no attempt', async () => {
    const { publish, order, can, dispatcher, sent, settle, box } = await setUp()
    const key = await publish('a')
    for (let losses = 0; losses < 5; losses++) {
      can.isOpen = false
      dispatcher.connectionLost(false)
      expect(sent.at(-1)?.signal.aborted).toBe(true)
      await settle()
      can.isOpen = true
      dispatcher.turn()
    }
    expect(order()).toEqual(Array.from({ length: 6 }, () => key))
    expect((await box.head('message', 'a', 1))[0]?.attempts).toBe(0)
  })

  test('is settled once, whatever is said of an attempt that was given up', async () => {
    const { publish, can, dispatcher, sent, settled, settle, order } = await setUp()
    const key = await publish('a')
    can.isOpen = false
    dispatcher.connectionLost(true)
    sent[0]?.reject(new UpstreamError('refused', 'late'))
    await settle()
    expect(settled.size).toBe(0)
    can.isOpen = true
    dispatcher.turn()
    sent[1]?.resolve('ok')
    await settle()
    expect(settled.get(key)).toBe('acknowledged')
    expect(order()).toHaveLength(2)
  })

  test('that was acknowledged is not sent again while it is still in the database', async () => {
    const { publish, box, dispatcher, sent, settle, order } = await setUp()
    const key = await publish('a')
    const removing = deferred<void>()
    const { acknowledged } = box
    box.acknowledged = async of => {
      await removing.promise
      return acknowledged.call(box, of)
    }
    sent[0]?.resolve('ok')
    await settle()
    await dispatcher.reload()
    await settle()
    expect(order()).toEqual([key])
    removing.resolve()
    await settle()
    expect(box.usage.waiting).toBe(0)
  })
})

describe('after a failure', () => {
  test('the lane waits with full jitter, twice as long at most each time, and other lanes do not', async () => {
    const { publish, host, sent, settle, order } = await setUp({ maxAttempts: 10, retryMaxMs: 3_000 })
    host.randomness = 0.5
    const a = await publish('a')
    for (const bound of [1_000, 2_000, 3_000, 3_000]) {
      const before = sent.length
      sent.at(-1)?.reject(network())
      await settle()
      await host.advance(bound / 2 - 1)
      expect(sent).toHaveLength(before)
      await host.advance(1)
      expect(sent).toHaveLength(before + 1)
    }
    sent.at(-1)?.reject(network())
    await settle()
    const b = await publish('b')
    expect(order().slice(-2)).toEqual([a, b])
  })

  test('the delays begin anew when a message was acknowledged', async () => {
    const { publish, host, sent, settle } = await setUp({ maxAttempts: 10 })
    host.randomness = 0.5
    await publish('a')
    await publish('a')
    for (const ms of [500, 1_000]) {
      sent.at(-1)?.reject(network())
      await settle()
      await host.advance(ms)
    }
    sent.at(-1)?.resolve('ok')
    await settle()
    const before = sent.length
    sent.at(-1)?.reject(network())
    await settle()
    await host.advance(500)
    expect(sent).toHaveLength(before + 1)
  })

  test('it waits as long as a server that was asked too much says', async () => {
    const { publish, host, sent, settle } = await setUp()
    await publish('a')
    sent[0]?.reject(new UpstreamError('rate-limited', 'too many', { retryAfterMs: 7_000 }))
    await settle()
    await host.advance(6_999)
    expect(sent).toHaveLength(1)
    await host.advance(1)
    expect(sent).toHaveLength(2)
  })

  test('messages that were sent together and fail together are one failure', async () => {
    const { publish, host, sent, settle } = await setUp({ maxUnderWay: 50, maxAttempts: 10 })
    host.randomness = 0.5
    for (let count = 0; count < 20; count++) await publish('a')
    for (const { reject } of sent.splice(0)) reject(network())
    await settle()
    await host.advance(500)
    expect(sent).toHaveLength(20)
  })

  test('those behind it are waited for before it is sent again', async () => {
    const { publish, sent, settle, order } = await setUp({ maxUnderWay: 3 })
    const [first, second, third, fourth] = [
      await publish('a'),
      await publish('a'),
      await publish('a'),
      await publish('a'),
    ]
    sent[0]?.reject(network())
    sent[1]?.resolve('ok')
    await settle()
    expect(order()).toEqual([first, second, third])
    sent[2]?.resolve('ok')
    await settle()
    expect(order()).toEqual([first, second, third, first, fourth])
  })

  test('of the storage the lane is read again, later each time', async () => {
    const host = fakeClockHost()
    host.randomness = 0.5
    const earlier = await setUp({}, host)
    earlier.can.isOpen = false
    const key = await earlier.publish('a')
    const { box, can, dispatcher, sent, settle } = await setUp({}, host)
    can.isOpen = false
    await dispatcher.reload()
    const { head } = box
    let reads = 0
    box.head = () => {
      reads++
      return Promise.reject(new Error('no storage'))
    }
    sent.splice(0)
    can.isOpen = true
    dispatcher.turn()
    for (const ms of [500, 1_000, 2_000]) {
      await settle()
      const before = reads
      await host.advance(ms - 1)
      expect(reads).toBe(before)
      await host.advance(1)
    }
    box.head = head
    await settle()
    await host.advance(4_000)
    await settle()
    expect(sent.map(one => one.key)).toEqual([key])
  })
})

describe('what is in the database and not in memory', () => {
  test('is sent in order, also where it is more than is read at once', async () => {
    const host = fakeClockHost()
    const earlier = await setUp({}, host)
    earlier.can.isOpen = false
    const stored: string[] = []
    for (let count = 0; count < 250; count++) stored.push(await earlier.publish('a'))
    const { sent, settle, order, publish, box } = await setUp({}, host)
    const late = await publish('a')
    await settle()
    for (let count = 0; count < 251; count++) {
      sent[count]?.resolve('ok')
      await settle()
    }
    expect(order()).toEqual([...stored, late])
    expect(box.usage.waiting).toBe(0)
  }, 20_000)

  test('is sent when somebody else has stored it, and this one hears of it', async () => {
    const { host, dispatcher, settle, order } = await setUp()
    const other = await setUp({}, host)
    other.can.isOpen = false
    const key = await other.publish('a')
    await settle()
    expect(order()).toEqual([])
    await dispatcher.reload()
    await settle()
    expect(order()).toEqual([key])
  })

  test('is not sent from memory when somebody else has sent it', async () => {
    const { host, dispatcher, settle, order, publish, can, box } = await setUp()
    const [first, second] = [await publish('a'), await publish('a')]
    can.isOpen = false
    dispatcher.connectionLost(true)
    const other = await setUp({}, host)
    await other.settle()
    other.sent[0]?.resolve('ok')
    await other.settle()
    other.can.isOpen = false
    can.isOpen = true
    await dispatcher.reload()
    await settle()
    expect(order()).toEqual([first, second])
    expect(await box.head('message', 'a', 9)).toMatchObject([{ key: second }])
  })
})

describe('a message that could not be stored', () => {
  const full = (): PartylineError => new PartylineError('outbox-full', 'no room')

  test('while it waited is not sent', async () => {
    const { dispatcher, can, settled, order, settle } = await setUp()
    can.isOpen = false
    const given = entry('a')
    dispatcher.add(given)
    dispatcher.notStored(given, full())
    expect(settled.get(given.key)).toBe('outbox-full')
    can.isOpen = true
    dispatcher.turn()
    await settle()
    expect(order()).toEqual([])
    expect(dispatcher.size).toBe(0)
  })

  test('while it was being sent has arrived when the server says so', async () => {
    const { dispatcher, sent, settled, settle } = await setUp()
    const given = entry('a')
    dispatcher.add(given)
    dispatcher.notStored(given, full())
    expect(settled.size).toBe(0)
    sent[0]?.resolve('ok')
    await settle()
    expect(settled.get(given.key)).toBe('acknowledged')
  })

  test('while it was being sent has this one attempt', async () => {
    const { dispatcher, sent, settled, settle, pass } = await setUp()
    const given = entry('a')
    dispatcher.add(given)
    dispatcher.notStored(given, full())
    sent[0]?.reject(network())
    await settle()
    expect(settled.get(given.key)).toBe('outbox-full')
    await pass(60_000)
    expect(sent).toHaveLength(1)
    expect(dispatcher.size).toBe(0)
  })

  test('and has arrived before that was known has not failed', async () => {
    const { dispatcher, box, sent, settled } = await setUp()
    const given = entry('a')
    dispatcher.add(given)
    const adding = box.add({ ...given, bytes: 1e12 })
    sent[0]?.resolve('ok')
    await adding.catch(error => dispatcher.notStored(given, error as PartylineError))
    expect(settled.get(given.key)).toBe('acknowledged')
  })
})

describe('a newer message with the same coalesce', () => {
  test('takes the place of one that waits, in its place in the lane', async () => {
    const { publish, sent, settle, order } = await setUp()
    const first = await publish('a')
    await publish('a', { coalesce: 'cart' })
    const third = await publish('a')
    const newer = await publish('a', { coalesce: 'cart' })
    for (let count = 0; count < 3; count++) {
      sent[count]?.resolve('ok')
      await settle()
    }
    expect(order()).toEqual([first, newer, third])
  })

  test('goes behind one that is being sent', async () => {
    const { publish, sent, settle, order } = await setUp()
    const first = await publish('a', { coalesce: 'cart' })
    const newer = await publish('a', { coalesce: 'cart' })
    sent[0]?.resolve('ok')
    await settle()
    expect(order()).toEqual([first, newer])
  })
})

type Act =
  | { readonly act: 'publish'; readonly lane: string }
  | { readonly act: 'acknowledge' | 'refuse' | 'fail'; readonly which: number }
  | { readonly act: 'limit'; readonly which: number; readonly ms: number }
  | { readonly act: 'pass'; readonly ms: number }
  | { readonly act: 'lose' | 'open' | 'reload' }

const which = fc.nat({ max: 20 })
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ act: fc.constant('publish' as const), lane: fc.constantFrom('a', 'b', 'c') }),
    },
    { weight: 4, arbitrary: fc.record({ act: fc.constantFrom('acknowledge' as const, 'fail' as const), which }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('refuse' as const), which }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('limit' as const), which, ms: fc.nat({ max: 5_000 }) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.nat({ max: 12_000 }) }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('lose' as const, 'open' as const, 'reload' as const) }) },
  ),
  { minLength: 5, maxLength: 40 },
)

test('whatever becomes of each, the server sees every message first in the order of its lane, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      acts,
      fc.integer({ min: 1, max: 4 }),
      fc.double({ min: 0, max: 0.99 }),
      async (all, most, dice) => {
        const { host, box, dispatcher, sent, underWay, settled, can, publish, pass, settle } = await setUp({
          maxUnderWay: most,
          maxAttempts: 1_000,
        })
        host.randomness = Number.isNaN(dice) ? 0 : dice
        const published: string[] = []
        const refused = new Set<string>()
        for (const act of all) {
          const one = 'which' in act ? underWay()[act.which % Math.max(1, underWay().length)] : undefined
          switch (act.act) {
            case 'publish':
              published.push(await publish(act.lane))
              break
            case 'acknowledge':
              one?.resolve('ok')
              break
            case 'refuse':
              if (one !== undefined) refused.add(one.key)
              one?.reject(new UpstreamError('refused', 'no'))
              break
            case 'fail':
              one?.reject(network())
              break
            case 'limit':
              one?.reject(new UpstreamError('rate-limited', 'slowly', { retryAfterMs: act.ms }))
              break
            case 'pass':
              await pass(act.ms)
              break
            case 'lose':
              can.isOpen = false
              dispatcher.connectionLost(true)
              break
            case 'open':
              can.isOpen = true
              dispatcher.turn()
              break
            case 'reload':
              await dispatcher.reload()
              break
          }
          await settle()
          for (const lane of ['a', 'b', 'c'])
            expect(underWay().filter(({ key }) => key.startsWith(lane)).length).toBeLessThanOrEqual(most)
        }
        can.isOpen = true
        dispatcher.turn()
        for (let rounds = 0; dispatcher.size > 0 && rounds < 200; rounds++) {
          for (const one of underWay()) one.resolve('ok')
          await settle()
          await pass(5_000)
        }
        const seen = [...new Set(sent.map(({ key }) => key))]
        for (const lane of ['a', 'b', 'c'])
          expect(seen.filter(key => key.startsWith(lane))).toEqual(published.filter(key => key.startsWith(lane)))
        expect(Object.fromEntries(settled)).toEqual(
          Object.fromEntries(published.map(key => [key, refused.has(key) ? 'rejected' : 'acknowledged'])),
        )
        expect(await box.refresh()).toMatchObject({ waiting: 0, dead: refused.size })
        expect([dispatcher.size, dispatcher.sentCount, box.sending.size]).toEqual([0, 0, 0])
        expect(host.errors).toEqual([])
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)
