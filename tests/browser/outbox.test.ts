import { wrap } from 'comlink'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Kind } from '../../src/outbox/index.ts'
import { toWireError } from '../../src/protocol/index.ts'
import { newScope } from '../support/browser/open-line.ts'
import {
  addAll,
  ALL,
  keysOf,
  laneOf,
  newEntry,
  onTransaction,
  openTestOutbox,
  openTwo,
  recount,
  testClock,
  watchTransactions,
} from '../support/browser/open-outbox.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const refused = toWireError(new Error('no'))

const numbered = (count: number, prefix = 'k'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe('add', () => {
  test('stores what is asked in one tick in one transaction, in order', async () => {
    const outbox = await openTestOutbox()
    const transactions = watchTransactions()
    await addAll(outbox, numbered(100))
    expect(transactions).toHaveLength(1)
    expect(await laneOf(outbox)).toEqual(numbered(100))
  })

  test('resolves when the transaction is complete, not before', async () => {
    const outbox = await openTestOutbox()
    const order: string[] = []
    onTransaction(transaction => transaction.addEventListener('complete', () => order.push('complete')))
    await outbox.add(newEntry('a')).then(() => order.push('stored'))
    expect(order).toEqual(['complete', 'stored'])
  })

  test('that cannot be completed has stored nothing, and says so', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a'))
    let isBroken = true
    onTransaction(transaction => {
      const request = transaction.objectStore('pages').count()
      request.addEventListener('success', () => isBroken && transaction.abort())
    })
    const outcomes = await Promise.allSettled([outbox.add(newEntry('b')), outbox.acknowledged('a')])
    isBroken = false
    const failed = { status: 'rejected', reason: { code: 'not-stored', retryable: true } }
    expect(outcomes).toMatchObject([failed, failed])
    expect(outbox.usage).toEqual({ waiting: 1, dead: 0, bytes: 10 })
    expect(await laneOf(outbox)).toEqual(['a'])
  })

  test('stores a key once, in whichever context', async () => {
    const [ours, theirs] = await openTwo()
    const outcomes = await Promise.all([
      ours.add(newEntry('a', { payload: 1 })),
      ours.add(newEntry('a', { payload: 2 })),
      theirs.add(newEntry('a', { payload: 3, lane: 'other' })),
    ])
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['known', 'known', 'stored'])
    expect(await recount(ours)).toEqual({ waiting: 1, dead: 0, bytes: 10 })
  })

  test('puts an entry in the place of a dead letter of its key, at the end of its lane', async () => {
    const [ours, theirs] = await openTwo({ maxBytes: 45 })
    await addAll(ours, numbered(4))
    await ours.bury('k1', 'rejected', refused)
    const corrected = newEntry('k1', { payload: 'right', bytes: 12 })
    expect(await theirs.add(corrected)).toEqual({ outcome: 'stored' })
    expect(await laneOf(ours)).toEqual(['k0', 'k2', 'k3', 'k1'])
    expect((await ours.head('message', 'orders', ALL)).at(-1)).toMatchObject({ ...corrected, attempts: 0 })
    expect(await ours.list('dead', ALL)).toEqual([])
    expect(await recount(ours)).toEqual(await theirs.refresh())
    await theirs.acknowledged('k1')
    expect(await ours.fate('k1')).toEqual({ state: 'absent' })
  })

  test('leaves the dead letter of its key to who asks again, and when it is refused', async () => {
    const outbox = await openTestOutbox({ maxMessageBytes: 10 })
    await outbox.add(newEntry('a'))
    await outbox.bury('a', 'rejected', refused)
    expect(await outbox.add(newEntry('a'), true)).toEqual({ outcome: 'known' })
    await expect(outbox.add(newEntry('a', { bytes: 11 }))).rejects.toMatchObject({ code: 'message-too-large' })
    await expect(outbox.add(newEntry('a', { payload: () => undefined }))).rejects.toMatchObject({
      code: 'invalid-payload',
    })
    expect(await outbox.fate('a')).toMatchObject({ state: 'dead' })
    expect(outbox.usage).toEqual({ waiting: 0, dead: 1, bytes: 10 })
  })

  test.each(['waiting', 'dead'])('refuses a key that an entry of another kind has, which is %s', async state => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a', { kind: 'request' }))
    if (state === 'dead') await outbox.bury('a', 'rejected', refused)
    await expect(outbox.add(newEntry('a'))).rejects.toMatchObject({ code: 'bad-options', retryable: false })
    expect(await outbox.fate('a')).toMatchObject({ state })
    expect(await recount(outbox)).toEqual(outbox.usage)
  })

  test('keeps what it was given', async () => {
    const outbox = await openTestOutbox()
    const payload = { when: new Date(5), set: new Set([1n]), none: undefined, buffer: new ArrayBuffer(3) }
    await outbox.add(newEntry('a', { payload, expiresAt: 99, coalesce: 'c' }))
    await outbox.add(newEntry('b', { kind: 'request' }))
    expect(await outbox.list('waiting', ALL)).toEqual([
      {
        ...newEntry('a', { payload, expiresAt: 99, coalesce: 'c' }),
        state: 'waiting',
        attempts: 0,
        seq: expect.any(Number),
      },
      { ...newEntry('b', { kind: 'request' }), state: 'waiting', attempts: 0, seq: expect.any(Number) },
    ])
  })

  test.each<[string, () => unknown]>([
    ['that cannot be cloned', () => ({ call: () => {} })],
    [
      'that throws when it is read',
      () => ({
        get it() {
          throw new RangeError('not now')
        },
      }),
    ],
  ])('refuses a payload %s, and no other of the same transaction', async (_, payload) => {
    const outbox = await openTestOutbox()
    const transactions = watchTransactions()
    const outcomes = await Promise.allSettled([
      outbox.add(newEntry('a')),
      outbox.add(newEntry('b', { payload: payload() })),
      outbox.add(newEntry('c')),
    ])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'invalid-payload', retryable: false } },
      { status: 'fulfilled' },
    ])
    expect(transactions).toHaveLength(1)
    expect(await laneOf(outbox)).toEqual(['a', 'c'])
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('refuses what is too large, and no other of the same transaction', async () => {
    const outbox = await openTestOutbox({ maxMessageBytes: 10 })
    const outcomes = await Promise.allSettled([
      outbox.add(newEntry('a')),
      outbox.add(newEntry('b', { bytes: 11 })),
      outbox.add(newEntry('c')),
    ])
    const message = 'the message has about 11 bytes, of 10 (maxMessageBytes)'
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { reason: { code: 'message-too-large', message, retryable: false } },
      { status: 'fulfilled' },
    ])
    expect(await laneOf(outbox)).toEqual(['a', 'c'])
  })

  test('refuses what goes beyond the count, until there is room', async () => {
    const outbox = await openTestOutbox({ maxEntries: 2 })
    const full = { code: 'outbox-full', message: '2 messages wait already (maxEntries)', retryable: true }
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(key => outbox.add(newEntry(key))))
    expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }, { reason: full }])
    // A key that is stored takes no more room.
    expect(await outbox.add(newEntry('a'))).toEqual({ outcome: 'known' })
    await outbox.bury('a', 'rejected', refused)
    await outbox.add(newEntry('c'))
    expect(await laneOf(outbox)).toEqual(['b', 'c'])
  })

  test('refuses what goes beyond the bytes, dead letters included', async () => {
    const outbox = await openTestOutbox({ maxBytes: 25 })
    await outbox.add(newEntry('a'))
    await outbox.bury('a', 'rejected', refused)
    const outcomes = await Promise.allSettled(['b', 'c'].map(key => outbox.add(newEntry(key))))
    const message = 'there is no room for 10 bytes: 20 of 25 are taken (maxBytes)'
    expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'outbox-full', message } }])
    await outbox.add(newEntry('d', { bytes: 5 }))
    expect(await laneOf(outbox)).toEqual(['b', 'd'])
  })
})

describe('an entry of the same coalesce', () => {
  test('takes the place of the waiting one in its lane', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a', { coalesce: 'cursor', bytes: 30 }))
    await outbox.add(newEntry('b'))
    expect(await outbox.add(newEntry('c', { coalesce: 'cursor' }))).toEqual({ outcome: 'stored', replaced: 'a' })
    expect(await laneOf(outbox)).toEqual(['c', 'b'])
    expect(await outbox.fate('a')).toEqual({ state: 'gone', why: 'replaced' })
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('is stored in a full outbox', async () => {
    const outbox = await openTestOutbox({ maxEntries: 1, maxBytes: 10 })
    await outbox.add(newEntry('a', { coalesce: 'cursor' }))
    expect(await outbox.add(newEntry('b', { coalesce: 'cursor' }))).toMatchObject({ replaced: 'a' })
  })

  test.each<[string, Parameters<typeof newEntry>[1]]>([
    ['in another lane', { lane: 'other', coalesce: 'cursor' }],
    ['of another kind', { kind: 'request', coalesce: 'cursor' }],
    ['of another name', { coalesce: 'scroll' }],
  ])('%s stays', async (_, wanted) => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a', { coalesce: 'cursor' }))
    expect(await outbox.add(newEntry('b', wanted))).toEqual({ outcome: 'stored', replaced: undefined })
    expect(keysOf(await outbox.list('waiting', ALL))).toEqual(['a', 'b'])
  })

  test('never takes the place of one that is being sent, but of the one after it', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a', { coalesce: 'cursor' }))
    outbox.sending.add('a')
    expect(await outbox.add(newEntry('b', { coalesce: 'cursor' }))).toEqual({ outcome: 'stored', replaced: undefined })
    expect(await outbox.add(newEntry('c', { coalesce: 'cursor' }))).toMatchObject({ replaced: 'b' })
    expect(await laneOf(outbox)).toEqual(['a', 'c'])
  })

  test('never takes the place of a dead letter', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a', { coalesce: 'cursor' }))
    await outbox.bury('a', 'rejected', refused)
    await outbox.add(newEntry('b', { coalesce: 'cursor' }))
    await outbox.retry(['a'])
    expect(await outbox.add(newEntry('c', { coalesce: 'cursor' }))).toMatchObject({ replaced: 'b' })
    expect(await laneOf(outbox)).toEqual(['c', 'a'])
  })

  test('leaves the waiting one alone when it is refused', async () => {
    const outbox = await openTestOutbox({ maxMessageBytes: 10 })
    await outbox.add(newEntry('a', { coalesce: 'cursor' }))
    const outcomes = await Promise.allSettled(
      [{ bytes: 11 }, { payload: () => {} }].map(more => outbox.add(newEntry('b', { coalesce: 'cursor', ...more }))),
    )
    expect(outcomes).toMatchObject([{ reason: { code: 'message-too-large' } }, { reason: { code: 'invalid-payload' } }])
    expect(await laneOf(outbox)).toEqual(['a'])
    expect(await outbox.fate('a')).toMatchObject({ state: 'waiting' })
    expect(outbox.usage).toEqual(await recount(outbox))
  })
})

describe('lanes', () => {
  test('keep the order in which two contexts stored', async () => {
    const [ours, theirs] = await openTwo()
    for (const round of numbered(10, 'r'))
      await Promise.all([addAll(ours, [`${round}-ours-1`, `${round}-ours-2`]), addAll(theirs, [`${round}-theirs`])])
    const all = await ours.head('message', 'orders', ALL)
    expect(await theirs.head('message', 'orders', ALL)).toEqual(all)
    const numbers = all.map(({ seq }) => seq)
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
    expect(numbers).toHaveLength(30)
    const fromUs = keysOf(all).filter(key => key.includes('ours'))
    expect(fromUs).toEqual(numbered(10, 'r').flatMap(round => [`${round}-ours-1`, `${round}-ours-2`]))
  })

  test('keep the order in which a page and a worker stored', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    const worker = new Worker(new URL('./outbox.worker.ts', import.meta.url), { type: 'module' })
    onTestFinished(() => worker.terminate())
    const addOneByOne = wrap<typeof import('./outbox.worker.ts').addOneByOne>(worker)
    const done = addOneByOne(scope, 'orders', numbered(100, 'worker'))
    for (const key of numbered(100, 'page')) await outbox.add(newEntry(key))
    await done
    const keys = await laneOf(outbox)
    expect(keys.filter(key => key.startsWith('page'))).toEqual(numbered(100, 'page'))
    expect(keys.filter(key => key.startsWith('worker'))).toEqual(numbered(100, 'worker'))
    expect(await outbox.refresh()).toEqual({ waiting: 200, dead: 0, bytes: 2_000 })
  })

  test('are told with the oldest entry first, each kind for itself', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['z1', 'z2'], { lane: 'z' })
    await addAll(outbox, ['a1'], { lane: 'a' })
    await addAll(outbox, ['r1'], { lane: 'a', kind: 'request' })
    await addAll(outbox, ['empty'], { lane: '' })
    const lanesOf = async (kind: Kind) => (await outbox.lanes(kind)).map(({ lane }) => lane)
    expect(await lanesOf('message')).toEqual(['z', 'a', ''])
    expect(await lanesOf('request')).toEqual(['a'])
    const [before] = await outbox.lanes('message')
    await outbox.acknowledged('z1')
    await outbox.bury('a1', 'rejected', refused)
    expect(await lanesOf('message')).toEqual(['z', ''])
    const [{ seq } = { seq: 0 }] = await outbox.lanes('message')
    expect(seq).toBeGreaterThan(before?.seq ?? Infinity)
    expect(await laneOf(outbox, 'a', 'request')).toEqual(['r1'])
    expect(await laneOf(outbox, 'a')).toEqual([])
  })

  test('with names that begin alike are not mixed', async () => {
    const outbox = await openTestOutbox()
    const names = ['', 'a', 'a\u0000', 'aa', 'a,b', '😀', '😀😀', '\uffff']
    for (const lane of names) await outbox.add(newEntry(`in ${lane}`, { lane }))
    expect((await outbox.lanes('message')).map(({ lane }) => lane)).toEqual(names)
    for (const lane of names) expect(await laneOf(outbox, lane)).toEqual([`in ${lane}`])
  })

  test('give as many of their oldest entries as are asked for', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, numbered(5))
    expect(keysOf(await outbox.head('message', 'orders', 2))).toEqual(['k0', 'k1'])
  })

  test('hold ten thousand entries, which leave one by one', async () => {
    const outbox = await openTestOutbox()
    const keys = numbered(10_000)
    await addAll(outbox, keys)
    expect(outbox.usage).toEqual({ waiting: 10_000, dead: 0, bytes: 100_000 })
    await expect(outbox.add(newEntry('one more'))).rejects.toMatchObject({ code: 'outbox-full' })
    const left: string[] = []
    for (;;) {
      const batch = keysOf(await outbox.head('message', 'orders', 500))
      if (batch.length === 0) break
      left.push(...batch)
      await Promise.all(batch.map(key => outbox.acknowledged(key)))
    }
    expect(left).toEqual(keys)
    expect(outbox.usage).toEqual({ waiting: 0, dead: 0, bytes: 0 })
  }, 60_000)
})

describe('an entry', () => {
  test('leaves when it is acknowledged, and only it', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['a', 'b'])
    await outbox.acknowledged('a')
    await outbox.acknowledged('a')
    await outbox.acknowledged('never stored')
    expect(await laneOf(outbox)).toEqual(['b'])
    expect(await outbox.fate('a')).toEqual({ state: 'absent' })
    expect(outbox.usage).toEqual({ waiting: 1, dead: 0, bytes: 10 })
  })

  test('counts the attempts that failed', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a'))
    await Promise.all([outbox.attempted('a'), outbox.attempted('a'), outbox.attempted('never stored')])
    expect(await outbox.head('message', 'orders', 1)).toMatchObject([{ key: 'a', attempts: 2 }])
  })

  test('that the server refuses is a dead letter, once', async () => {
    const clock = testClock(500)
    const outbox = await openTestOutbox({ now: clock.now })
    await addAll(outbox, ['a', 'b'])
    await outbox.bury('a', 'rejected', refused)
    await outbox.bury('a', 'unconfirmed', refused)
    await outbox.bury('never stored', 'rejected', refused)
    expect(await outbox.fate('a')).toEqual({ state: 'dead', died: { at: 500, why: 'rejected', error: refused } })
    expect(await laneOf(outbox)).toEqual(['b'])
    expect(outbox.usage).toEqual({ waiting: 1, dead: 1, bytes: 20 })
  })

  test('that is a dead letter leaves when it is acknowledged after all', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a'))
    await outbox.bury('a', 'unconfirmed', refused)
    await outbox.acknowledged('a')
    expect(outbox.usage).toEqual({ waiting: 0, dead: 0, bytes: 0 })
  })

  test('whose time is up is a dead letter, unless it is being sent', async () => {
    const clock = testClock(100)
    const outbox = await openTestOutbox({ now: clock.now })
    expect(await outbox.nextExpiry()).toBeUndefined()
    await outbox.add(newEntry('for ever'))
    await outbox.add(newEntry('late', { expiresAt: 300 }))
    await outbox.add(newEntry('early', { expiresAt: 200 }))
    await outbox.add(newEntry('sent', { expiresAt: 200 }))
    outbox.sending.add('sent')
    expect(await outbox.nextExpiry()).toBe(200)
    expect(await outbox.expire()).toEqual([])
    clock.time = 200
    expect(keysOf(await outbox.expire())).toEqual(['early'])
    const error = { code: 'expired', message: 'it was not sent within 199 ms (ttlMs)' }
    expect(await outbox.fate('early')).toMatchObject({ state: 'dead', died: { at: 200, why: 'expired', error } })
    await outbox.acknowledged('sent')
    expect(await outbox.nextExpiry()).toBe(300)
    expect(await laneOf(outbox)).toEqual(['for ever', 'late'])
  })

  test('that is dropped is out for good, waiting or dead, unless it is being sent', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['waits', 'dead', 'sent'])
    await outbox.bury('dead', 'rejected', refused)
    outbox.sending.add('sent')
    expect(await outbox.drop(['waits', 'dead', 'sent', 'never stored', 'waits'])).toEqual(['waits', 'dead'])
    expect(await outbox.fate('waits')).toEqual({ state: 'gone', why: 'dropped' })
    expect(await outbox.fate('dead')).toEqual({ state: 'gone', why: 'dropped' })
    expect(await outbox.fate('sent')).toMatchObject({ state: 'waiting' })
    expect(outbox.usage).toEqual({ waiting: 1, dead: 0, bytes: 10 })
  })

  test('that left without an acknowledgement is remembered for a day', async () => {
    const clock = testClock()
    const scope = newScope()
    const outbox = await openTestOutbox({ scope, now: clock.now })
    await addAll(outbox, ['old', 'young'])
    await outbox.drop(['old'])
    clock.time += DAY_MS
    await outbox.drop(['young'])
    clock.time += 1
    const again = await openTestOutbox({ scope, now: clock.now })
    expect(await again.fate('old')).toEqual({ state: 'absent' })
    expect(await again.fate('young')).toEqual({ state: 'gone', why: 'dropped' })
  })
})

describe('dead letters', () => {
  test('wait again at the end of their lanes when they are retried, without an expiry', async () => {
    const clock = testClock(100)
    const outbox = await openTestOutbox({ now: clock.now })
    await outbox.add(newEntry('a', { expiresAt: 50 }))
    await outbox.attempted('a')
    await outbox.expire()
    await outbox.add(newEntry('b'))
    expect(await outbox.retry(['a', 'b', 'never stored'])).toEqual(['a'])
    expect(await laneOf(outbox)).toEqual(['b', 'a'])
    expect(await outbox.head('message', 'orders', 2)).toMatchObject([{}, { attempts: 0 }])
    expect(await outbox.fate('a')).toMatchObject({ state: 'waiting' })
    expect(await outbox.nextExpiry()).toBeUndefined()
    expect(outbox.usage).toEqual({ waiting: 2, dead: 0, bytes: 20 })
  })

  test('are limited: the oldest go', async () => {
    const outbox = await openTestOutbox({ maxDeadLetters: 2 })
    await addAll(outbox, numbered(4))
    for (const key of numbered(4)) await outbox.bury(key, 'rejected', refused)
    expect(keysOf(await outbox.list('dead', ALL))).toEqual(['k2', 'k3'])
    expect(await outbox.fate('k0')).toEqual({ state: 'gone', why: 'dropped' })
    expect(outbox.usage).toEqual({ waiting: 0, dead: 2, bytes: 20 })
  })

  test('are as few as a newer limit allows', async () => {
    const scope = newScope()
    const before = await openTestOutbox({ scope })
    await addAll(before, numbered(5))
    for (const key of numbered(4)) await before.bury(key, 'rejected', refused)
    const after = await openTestOutbox({ scope, maxDeadLetters: 2 })
    await after.bury('k4', 'rejected', refused)
    expect(keysOf(await after.list('dead', ALL))).toEqual(['k3', 'k4'])
    expect(after.usage).toEqual(await recount(after))
  })

  test('are none where none are wanted', async () => {
    const outbox = await openTestOutbox({ maxDeadLetters: 0 })
    await outbox.add(newEntry('a'))
    await outbox.bury('a', 'rejected', refused)
    expect(await outbox.fate('a')).toEqual({ state: 'gone', why: 'dropped' })
    expect(outbox.usage).toEqual({ waiting: 0, dead: 0, bytes: 0 })
  })
})

describe('the limits', () => {
  test('of the last that had any hold for whoever has none', async () => {
    const scope = newScope()
    await openTestOutbox({ scope, maxEntries: 2, maxDeadLetters: 5 })
    await openTestOutbox({ scope, maxEntries: 3, maxDeadLetters: 1 })
    const outbox = await openTestOutbox({ scope })
    await addAll(outbox, numbered(3))
    await expect(outbox.add(newEntry('more'))).rejects.toMatchObject({ code: 'outbox-full' })
    for (const key of numbered(2)) await outbox.bury(key, 'rejected', refused)
    expect(keysOf(await outbox.list('dead', ALL))).toEqual(['k1'])
  })

  test('are written when they differ, and by nobody who has none', async () => {
    const scope = newScope()
    const written: unknown[] = []
    const { put } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = function (value: unknown, key?: IDBValidKey) {
      if (key === 'limits') written.push(value)
      return put.call(this, value, key)
    }
    onTestFinished(() => {
      IDBObjectStore.prototype.put = put
    })
    await openTestOutbox({ scope })
    expect(written).toEqual([])
    for (const maxEntries of [2, 2, 3]) await openTestOutbox({ scope, maxEntries })
    await openTestOutbox({ scope })
    expect(written).toMatchObject([{ maxEntries: 2 }, { maxEntries: 3 }])
  })

  test('are there also in the database that follows one which was wiped', async () => {
    const scope = newScope()
    const ours = await openTestOutbox({ scope, maxEntries: 1 })
    await (await openTestOutbox({ scope })).wipe()
    await ours.add(newEntry('a'))
    const theirs = await openTestOutbox({ scope })
    await expect(theirs.add(newEntry('b'))).rejects.toMatchObject({ code: 'outbox-full' })
  })
})

test('a list comes page by page, the oldest first, waiting and dead apart', async () => {
  const outbox = await openTestOutbox()
  await addAll(outbox, numbered(6))
  await outbox.bury('k2', 'rejected', refused)
  const first = await outbox.list('waiting', 2)
  expect(keysOf(first)).toEqual(['k0', 'k1'])
  const second = await outbox.list('waiting', 2, first.at(-1)?.seq)
  expect(keysOf(second)).toEqual(['k3', 'k4'])
  const third = await outbox.list('waiting', 2, second.at(-1)?.seq)
  expect(keysOf(third)).toEqual(['k5'])
  expect(await outbox.list('waiting', 2, third.at(-1)?.seq)).toEqual([])
  expect(keysOf(await outbox.list('dead', 2))).toEqual(['k2'])
})

describe('the lease', () => {
  test('is with one context at a time, for each kind', async () => {
    const clock = testClock()
    const [ours, theirs] = await openTwo({ now: clock.now })
    expect(await Promise.all([ours.lease('message', 'us'), theirs.lease('message', 'them')])).toEqual([1, undefined])
    expect(await theirs.lease('request', 'them')).toBe(1)
    expect(await ours.lease('message', 'us')).toBe(1)
    await theirs.release('message', 'them')
    expect(await theirs.lease('message', 'them')).toBeUndefined()
    await ours.release('message', 'us')
    expect(await theirs.lease('message', 'them')).toBe(2)
    clock.time += 10_000
    expect(await ours.lease('message', 'us')).toBe(3)
  })
})
