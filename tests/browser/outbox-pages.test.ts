import { promisifyRequest } from 'idb-keyval'
import { describe, expect, test } from 'vitest'
import { toWireError } from '../../src/protocol/index.ts'
import { newScope } from '../support/browser/open-line.ts'
import {
  addAll,
  ALL,
  databaseOf,
  keysOf,
  laneOf,
  newEntry,
  onTransaction,
  openRaw,
  openTestOutbox,
  openTwo,
  recount,
} from '../support/browser/open-outbox.ts'

const refused = toWireError(new Error('no'))

async function pagesOf(scope: string): Promise<number> {
  const database = await openRaw(databaseOf(scope))
  return promisifyRequest(database.transaction('pages').objectStore('pages').count())
}

describe('entries that were stored together', () => {
  test('lie in one page, which leaves with its last', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await addAll(outbox, ['a', 'b', 'c'])
    expect(await pagesOf(scope)).toBe(1)
    for (const key of ['a', 'b']) await outbox.acknowledged(key)
    expect(await pagesOf(scope)).toBe(1)
    expect(await laneOf(outbox)).toEqual(['c'])
    await outbox.acknowledged('c')
    expect(await pagesOf(scope)).toBe(0)
    expect(await outbox.lanes('message')).toEqual([])
  })

  test.each<[string, readonly string[]]>([
    ['in order', ['a', 'b', 'c', 'd']],
    ['backwards', ['d', 'c', 'b', 'a']],
    ['anyhow', ['b', 'd', 'a', 'c']],
  ])('leave %s, in each of two contexts, however much is read between', async (_, keys) => {
    const [ours, theirs] = await openTwo()
    await addAll(ours, ['a', 'b', 'c', 'd'])
    const left = new Set(['a', 'b', 'c', 'd'])
    for (const [index, key] of keys.entries()) {
      await Promise.all([(index % 2 === 0 ? ours : theirs).acknowledged(key), theirs.acknowledged(key)])
      left.delete(key)
      expect(await laneOf(index % 2 === 0 ? theirs : ours)).toEqual([...left])
      expect(await ours.refresh()).toEqual(await recount(theirs))
    }
    expect(await theirs.lanes('message')).toEqual([])
  })

  test('leave in any way, and the others stay as they were', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['a', 'b', 'c', 'd', 'e', 'f'])
    await outbox.acknowledged('a')
    await outbox.bury('c', 'rejected', refused)
    await outbox.drop(['f'])
    await outbox.attempted('d')
    expect(await outbox.head('message', 'orders', ALL)).toMatchObject([
      { key: 'b', attempts: 0 },
      { key: 'd', attempts: 1 },
      { key: 'e', attempts: 0 },
    ])
    expect(keysOf(await outbox.list('dead', ALL))).toEqual(['c'])
    for (const key of ['b', 'd', 'e']) await outbox.acknowledged(key)
    expect(await outbox.refresh()).toEqual({ waiting: 0, dead: 1, bytes: 10 })
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('stay where they are when one is buried with an error that cannot be stored whole', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['a', 'b', 'c'])
    await outbox.bury('b', 'rejected', { ...refused, details: { retry: () => {} } })
    expect(await laneOf(outbox)).toEqual(['a', 'c'])
    expect(await outbox.list('dead', ALL)).toMatchObject([{ key: 'b', died: { error: { message: refused.message } } }])
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('that another context has sent before are not sent off again by a late acknowledgement', async () => {
    const [ours, theirs] = await openTwo()
    await addAll(ours, ['a', 'b', 'c'])
    for (const key of ['a', 'b']) await theirs.acknowledged(key)
    await ours.acknowledged('c')
    await addAll(ours, ['d', 'e'])
    for (const key of ['a', 'b']) await ours.acknowledged(key)
    expect(await laneOf(ours)).toEqual(['d', 'e'])
    expect(ours.usage).toEqual(await recount(theirs))
  })

  test('give the oldest, as many as are asked for, also where they lie one by one', async () => {
    const outbox = await openTestOutbox()
    const keys = Array.from({ length: 300 }, (_, index) => `k${index}`)
    for (const key of keys.slice(0, 100)) await outbox.add(newEntry(key))
    await addAll(outbox, keys.slice(100))
    for (const count of [1, 2, 99, 100, 101, 250, 300, 301])
      expect(keysOf(await outbox.head('message', 'orders', count))).toEqual(keys.slice(0, count))
  })

  test('can be listed from any of them on', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['a', 'b', 'c'])
    await addAll(outbox, ['d', 'e'])
    await outbox.acknowledged('a')
    const all = await outbox.list('waiting', ALL)
    expect(keysOf(all)).toEqual(['b', 'c', 'd', 'e'])
    for (const [index, { seq }] of all.entries())
      expect(keysOf(await outbox.list('waiting', 2, seq))).toEqual(keysOf(all).slice(index + 1, index + 3))
  })

  test('may be stored again when they have left, in a page that is there still', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['a', 'b', 'c'])
    await outbox.acknowledged('a')
    expect(await outbox.add(newEntry('a', { payload: 'again' }))).toEqual({ outcome: 'stored' })
    expect(await outbox.head('message', 'orders', ALL)).toMatchObject([
      { key: 'b' },
      { key: 'c' },
      { key: 'a', body: { payload: 'again' } },
    ])
    for (const key of ['a', 'b', 'c']) await outbox.acknowledged(key)
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('are stored with others of which some are there already, in order', async () => {
    const outbox = await openTestOutbox()
    await addAll(outbox, ['b', 'x'])
    await outbox.acknowledged('b')
    const outcomes = await Promise.all(['a', 'x', 'b', 'c', 'a'].map(key => outbox.add(newEntry(key))))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['stored', 'known', 'stored', 'stored', 'known'])
    expect(await laneOf(outbox)).toEqual(['x', 'a', 'b', 'c'])
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('in a transaction that is aborted are not taken for those that get their place', async () => {
    const [ours, theirs] = await openTwo()
    let isBroken = true
    onTransaction(transaction => {
      if (isBroken)
        transaction
          .objectStore('pages')
          .count()
          .addEventListener('success', () => transaction.abort())
    })
    await expect(ours.add(newEntry('a'))).rejects.toMatchObject({ code: 'not-stored' })
    isBroken = false
    await theirs.add(newEntry('b'))
    await ours.acknowledged('a')
    expect(await laneOf(ours)).toEqual(['b'])
  })
})

test('what an older version has stored is there in the newer one, in order, and what was damaged is told', async () => {
  const scope = newScope()
  const request = indexedDB.open(databaseOf(scope), 1)
  request.addEventListener('upgradeneeded', () => {
    const entries = request.result.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true })
    request.result.createObjectStore('records').put('the-id', 'id')
    const row = (key: string, more: object = {}): void =>
      void entries.add({ ...newEntry(key), kind: 'message', state: 'waiting', attempts: 2, ...more })
    row('a')
    row('b', { bytes: 'many' })
    row('c', { coalesce: 'cursor', expiresAt: 5 })
    row('d', { state: 'dead', died: { at: 3, why: 'rejected', error: refused } })
    row('e')
  })
  const older = await promisifyRequest(request)
  older.close()
  const errors: unknown[] = []
  const outbox = await openTestOutbox({ scope, now: () => 1, reportError: error => errors.push(error) })
  expect(outbox.id).toBe('the-id')
  expect(await outbox.head('message', 'orders', ALL)).toMatchObject([
    { ...newEntry('a'), attempts: 2 },
    newEntry('c', { coalesce: 'cursor', expiresAt: 5 }),
    newEntry('e'),
  ])
  expect(errors).toHaveLength(1)
  expect(await outbox.list('dead', ALL)).toMatchObject([{ key: 'd' }, { body: { kind: 'damaged', raw: { key: 'b' } } }])
  expect(await outbox.nextExpiry()).toBe(5)
  expect(await outbox.add(newEntry('f', { coalesce: 'cursor' }))).toMatchObject({ replaced: 'c' })
  for (const key of ['a', 'f', 'e']) await outbox.acknowledged(key)
  expect(outbox.usage).toEqual(await recount(outbox))
})
