import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { publish as publishOn } from '../../src/client/publish.ts'
import { startOutgoing } from '../../src/client/outgoing.ts'
import type { PublishOptions } from '../../src/client/types.ts'
import { PartylineError, type ErrorCode, type Op, type OpFailure } from '../../src/protocol/index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** What a tab publishes, and a broker that notes what it is asked. */
function setUp() {
  const outgoing = startOutgoing()
  const outcomes = new Map<string, string>()
  const asked: Op[][] = []
  let answer: () => Promise<readonly OpFailure[]> = () => Promise.resolve([])
  return {
    outgoing,
    outcomes,
    /** The broker's answer to the calls that follow. */
    answerWith: (next: typeof answer) => (answer = next),
    attach(isSameSession = false, isSameBroker = false) {
      const post = (ops: readonly Op[]): ReturnType<typeof answer> => {
        asked.push([...ops])
        return answer()
      }
      outgoing.attached(post, isSameSession, isSameBroker)
    },
    detach: outgoing.detached,
    /** Publishes, and notes how both of its promises end. */
    async publish(payload: string, options?: PublishOptions) {
      outcomes.set(payload, 'pending')
      void publishOn(outgoing, 'orders', 'place', payload, { durable: false, ...options }).then(
        ({ settled }) => {
          outcomes.set(payload, 'sent')
          return settled.then(({ outcome }) => outcomes.set(payload, outcome))
        },
        (error: PartylineError) => outcomes.set(payload, error.code ?? error.message),
      )
      await vi.advanceTimersByTimeAsync(0)
    },
    async receive(id: number, stage: 'sent' | 'acknowledged') {
      outgoing.receipt({ type: 'receipt', id, stage })
      await vi.advanceTimersByTimeAsync(0)
    },
    /** The broker says that it has stored the message in the outbox with this id. */
    async stored(id: number, outbox = 'o-1') {
      outgoing.receipt({ type: 'receipt', id, stage: 'stored', outbox })
      await vi.advanceTimersByTimeAsync(0)
    },
    async failed(id: number, code: ErrorCode) {
      outgoing.receipt({ type: 'receipt', id, stage: 'failed', error: { code, message: code, retryable: false } })
      await vi.advanceTimersByTimeAsync(0)
    },
    settle: () => vi.advanceTimersByTimeAsync(0),
    /** The payloads of each call, and what else it was. */
    calls: () => asked.map(ops => ops.map(op => (op.op === 'publish' ? op.payload : op.op))),
    /** Of the messages in the last call, what was said of storing them. */
    durables: () => asked.at(-1)?.map(op => (op.op === 'publish' ? op.durable : undefined)),
    ids: () => asked.flat().flatMap(op => (op.op === 'publish' ? [op.id] : [])),
  }
}

describe('many messages at once', () => {
  const MANY = Array.from({ length: 1_200 }, (_, n) => String(n))

  function publishAll({ outgoing }: ReturnType<typeof setUp>): void {
    for (const payload of MANY) void publishOn(outgoing, 'orders', 'place', payload, { durable: false })
  }

  test('go in several calls, in order, the first of them before all are published', async () => {
    const tab = setUp()
    tab.attach()
    publishAll(tab)
    expect(tab.calls().map(({ length }) => length)).toEqual([500, 500])
    await tab.settle()
    expect(tab.calls().map(({ length }) => length)).toEqual([500, 500, 200])
    expect(tab.calls().flat()).toEqual(MANY)
  })

  test('go so also to a broker that comes later', async () => {
    const tab = setUp()
    publishAll(tab)
    tab.attach()
    await tab.settle()
    expect(tab.calls().map(({ length }) => length)).toEqual([500, 500, 200])
    expect(tab.calls().flat()).toEqual(MANY)
  })
})

describe('a message that no broker has heard of yet', () => {
  test('goes to the first that comes, and to no other', async () => {
    const { publish, attach, detach, settle, calls } = setUp()
    await publish('a')
    attach()
    await settle()
    detach()
    await publish('b')
    attach()
    await settle()
    expect(calls()).toEqual([['a'], ['a', 'b']])
  })

  test('is not sent, and not later either, when none comes in time', async () => {
    const { publish, attach, settle, calls, outcomes } = setUp()
    await publish('a', { timeoutMs: 1_000 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(outcomes.get('a')).toBe('not-sent')
    attach()
    await settle()
    expect(calls()).toEqual([])
  })

  test('that is given up is withdrawn', async () => {
    const { publish, attach, settle, calls, outcomes } = setUp()
    const controller = new AbortController()
    await publish('a', { signal: controller.signal })
    controller.abort(new Error('never mind'))
    await settle()
    attach()
    await settle()
    expect(calls()).toEqual([])
    expect(outcomes.get('a')).toBe('never mind')
  })
})

describe('when the tab is back in the same session', () => {
  test('what was not told to be sent is asked again, in its order and ahead of what came since', async () => {
    const { publish, attach, detach, receive, settle, calls, ids } = setUp()
    attach()
    for (const payload of ['a', 'b', 'c']) await publish(payload)
    await receive(1, 'sent')
    detach()
    await publish('d')
    attach(true, true)
    await settle()
    expect(calls().at(-1)).toEqual(['b', 'c', 'd'])
    expect(ids().slice(-3)).toEqual([2, 3, 4])
  })

  test('what was sent keeps waiting for what became of it', async () => {
    const { publish, attach, detach, receive, settle, outcomes } = setUp()
    attach()
    await publish('a')
    await receive(1, 'sent')
    detach()
    attach(true, true)
    await settle()
    expect(outcomes.get('a')).toBe('sent')
    await receive(1, 'acknowledged')
    expect(outcomes.get('a')).toBe('acknowledged')
  })
})

describe('when the tab is at another broker', () => {
  test('what was not told to be sent is asked there; what was sent is unconfirmed', async () => {
    const { publish, attach, detach, receive, settle, calls, outcomes } = setUp()
    attach()
    await publish('a')
    await publish('b')
    await receive(1, 'sent')
    detach()
    attach(false, false)
    await settle()
    expect(calls().at(-1)).toEqual(['b'])
    expect(Object.fromEntries(outcomes)).toEqual({ a: 'unconfirmed', b: 'pending' })
    await receive(2, 'sent')
    await receive(2, 'acknowledged')
    expect(outcomes.get('b')).toBe('acknowledged')
  })
})

describe('when the tab is at a third broker, and neither of the others has told that it sent a message', () => {
  test('it is unconfirmed: each of them may have', async () => {
    const { publish, attach, detach, settle, calls, outcomes } = setUp()
    attach()
    await publish('a')
    detach()
    attach(false, false)
    await settle()
    detach()
    await publish('b')
    attach(false, false)
    await settle()
    expect(calls()).toEqual([['a'], ['a'], ['b']])
    expect(Object.fromEntries(outcomes)).toEqual({ a: 'unconfirmed', b: 'pending' })
  })

  test('it is asked again in the same session, as often as that is carried on', async () => {
    const { publish, attach, detach, settle, calls, outcomes } = setUp()
    attach()
    await publish('a')
    detach()
    attach(false, false)
    await settle()
    for (let times = 0; times < 3; times++) {
      detach()
      attach(true, true)
      await settle()
    }
    expect(calls()).toEqual(Array.from({ length: 5 }, () => ['a']))
    expect(outcomes.get('a')).toBe('pending')
  })
})

describe('when the tab is at the same broker in another session', () => {
  test('what it had asked is unconfirmed, sent or not: it may be on its way', async () => {
    const { publish, attach, detach, receive, settle, calls, outcomes } = setUp()
    attach()
    await publish('a')
    await publish('b')
    await receive(1, 'sent')
    detach()
    await publish('c')
    attach(false, true)
    await settle()
    expect(calls().at(-1)).toEqual(['c'])
    expect(Object.fromEntries(outcomes)).toEqual({ a: 'unconfirmed', b: 'unconfirmed', c: 'pending' })
  })
})

describe('without a broker', () => {
  test('a message that one had heard of is unconfirmed when its time is up', async () => {
    const { publish, attach, detach, outcomes } = setUp()
    attach()
    await publish('a', { timeoutMs: 1_000 })
    detach()
    await vi.advanceTimersByTimeAsync(999)
    expect(outcomes.get('a')).toBe('pending')
    await vi.advanceTimersByTimeAsync(1)
    expect(outcomes.get('a')).toBe('unconfirmed')
  })

  test('one that is unconfirmed by then is not asked again', async () => {
    const { publish, attach, detach, settle, calls } = setUp()
    attach()
    await publish('a', { timeoutMs: 1_000 })
    detach()
    await vi.advanceTimersByTimeAsync(1_000)
    attach(true, true)
    await settle()
    expect(calls()).toEqual([['a']])
  })
})

test('a message whose time was up while there was a broker is asked of the next one', async () => {
  const { publish, attach, detach, settle, calls, outcomes } = setUp()
  attach()
  await publish('a', { timeoutMs: 1_000 })
  await vi.advanceTimersByTimeAsync(3_000)
  detach()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(outcomes.get('a')).toBe('pending')
  attach()
  await settle()
  expect(calls()).toEqual([['a'], ['a']])
})

test('what a broker had is unconfirmed after a while without another, however often one is looked for in vain', async () => {
  const { publish, attach, detach, receive, outcomes } = setUp()
  attach()
  await publish('a', { timeoutMs: 1_000 })
  await receive(1, 'sent')
  for (let attempt = 0; attempt < 5; attempt++) {
    detach()
    await vi.advanceTimersByTimeAsync(5_000)
  }
  expect(outcomes.get('a')).toBe('unconfirmed')
})

test('with a broker it is the broker that keeps the time', async () => {
  const { publish, attach, outcomes } = setUp()
  attach()
  await publish('a', { timeoutMs: 1_000 })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(outcomes.get('a')).toBe('pending')
})

test('a call that ends the attachment settles nothing: the next one does', async () => {
  const { publish, attach, detach, answerWith, settle, calls, outcomes } = setUp()
  attach()
  answerWith(() => Promise.reject(new PartylineError('stale-epoch', 'paused too long', { retryable: true })))
  await publish('a')
  expect(outcomes.get('a')).toBe('pending')
  detach()
  answerWith(() => Promise.resolve([]))
  attach(true, true)
  await settle()
  expect(calls()).toEqual([['a'], ['a']])
})

test('a message that is refused is not asked again', async () => {
  const { publish, attach, detach, answerWith, settle, calls, outcomes } = setUp()
  attach()
  const error = { code: 'too-many-pending', message: 'too many', retryable: true } as const
  answerWith(() => Promise.resolve([{ index: 0, error }]))
  await publish('a')
  await settle()
  expect(outcomes.get('a')).toBe('too-many-pending')
  detach()
  attach(true, true)
  await settle()
  expect(calls()).toEqual([['a']])
})

test('a message that is given up after a broker heard of it is cancelled there, and not asked again', async () => {
  const { publish, attach, detach, settle, calls, outcomes } = setUp()
  const controller = new AbortController()
  attach()
  await publish('a', { signal: controller.signal })
  controller.abort(new Error('never mind'))
  await settle()
  expect(calls()).toEqual([['a'], ['signal']])
  detach()
  attach(true, true)
  await settle()
  expect(calls()).toHaveLength(2)
  expect(outcomes.get('a')).toBe('never mind')
})

test('when the line is closed everything is settled with why', async () => {
  const { outgoing, publish, attach, receive, settle, outcomes } = setUp()
  attach()
  for (const payload of ['a', 'b']) await publish(payload)
  await receive(1, 'sent')
  outgoing.close(new PartylineError('line-closed', 'closed'))
  await settle()
  expect(Object.fromEntries(outcomes)).toEqual({ a: 'unconfirmed', b: 'line-closed' })
})

describe('a message that is to be stored', () => {
  const durable = { durable: true }

  test('resolves when it is stored, not when it is sent, and is settled as the broker says', async () => {
    const { publish, attach, receive, stored, outcomes } = setUp()
    attach()
    await publish('a', durable)
    await receive(1, 'sent')
    expect(outcomes.get('a')).toBe('pending')
    await stored(1)
    expect(outcomes.get('a')).toBe('sent')
    await receive(1, 'acknowledged')
    expect(outcomes.get('a')).toBe('acknowledged')
  })

  test('resolves when it is acknowledged where it cannot be stored', async () => {
    const { publish, attach, receive, outcomes } = setUp()
    attach()
    await publish('a', durable)
    await receive(1, 'acknowledged')
    expect(outcomes.get('a')).toBe('acknowledged')
  })

  test('that was not told to be stored is asked of every next broker under its key, with its payload', async () => {
    const { publish, attach, detach, settle, calls, durables } = setUp()
    attach()
    await publish('a', durable)
    const [first] = durables() ?? []
    for (let brokers = 0; brokers < 3; brokers++) {
      detach()
      attach(false, false)
      await settle()
    }
    expect(calls()).toEqual([['a'], ['a'], ['a'], ['a']])
    expect(durables()).toEqual([{ ...first, again: true }])
  })

  test('that ends every broker that it is asked of is given up in the end', async () => {
    const { publish, attach, detach, settle, calls, outcomes } = setUp()
    attach()
    await publish('a', durable)
    for (let brokers = 0; brokers < 12; brokers++) {
      detach()
      attach(false, false)
      await settle()
    }
    expect(calls().filter(([payload]) => payload === 'a')).toHaveLength(9)
    expect(outcomes.get('a')).toBe('unconfirmed')
  })

  test('that was stored is asked about, without its payload, also in the same session, which may not have heard of it', async () => {
    const { publish, attach, detach, stored, settle, calls, durables } = setUp()
    attach()
    await publish('a', { durable: true, key: 'k-1' })
    await stored(1, 'o-7')
    detach()
    attach(false, false)
    await settle()
    detach()
    attach(true, true)
    await settle()
    expect(calls()).toEqual([['a'], [undefined], [undefined]])
    expect(durables()).toEqual([{ key: 'k-1', outbox: 'o-7', again: true }])
  })

  test('that was stored is waited for however long there is no broker; one that was not is unconfirmed', async () => {
    const { publish, attach, detach, stored, outcomes } = setUp()
    attach()
    await publish('a', durable)
    await publish('b', durable)
    await stored(1)
    detach()
    await vi.advanceTimersByTimeAsync(60 * 60 * 1_000)
    expect(Object.fromEntries(outcomes)).toEqual({ a: 'sent', b: 'unconfirmed' })
  })

  test("under a key of the app's own may be stored already", async () => {
    const { publish, attach, durables } = setUp()
    attach()
    await publish('a', { durable: true, key: 'k-1' })
    expect(durables()).toEqual([{ key: 'k-1', own: true }])
    await publish('b', durable)
    expect(durables()).toEqual([{ key: expect.any(String), own: false }])
  })

  test.each([
    ['rejected', 'rejected'],
    ['expired', 'expired'],
    ['dropped', 'dropped'],
    ['replaced', 'dropped'],
    ['unconfirmed', 'unconfirmed'],
    ['invalid-payload', 'unconfirmed'],
  ] as const)('that fails as %s after it was stored is settled as %s', async (code, outcome) => {
    const { publish, attach, stored, failed, outcomes } = setUp()
    attach()
    await publish('a', durable)
    await stored(1)
    await failed(1, code)
    expect(outcomes.get('a')).toBe(outcome)
  })

  test('that fails before it was stored rejects with why', async () => {
    const { publish, attach, failed, outcomes } = setUp()
    attach()
    await publish('a', durable)
    await failed(1, 'outbox-full')
    expect(outcomes.get('a')).toBe('outbox-full')
  })
})
