import { promisifyRequest } from 'idb-keyval'
import { describe, expect, test } from 'vitest'
import type { Outbox } from '../../src/outbox/index.ts'
import { MAX_PAGE, type Page } from '../../src/outbox/page.ts'
import { toWireError } from '../../src/protocol/index.ts'
import { newScope } from '../support/browser/open-line.ts'
import {
  addAll,
  ALL,
  databaseOf,
  keysOf,
  laneOf,
  newEntry,
  openRaw,
  openTestOutbox,
  recount,
  tamper,
} from '../support/browser/open-outbox.ts'

const DAMAGED = `damaged:entry:${MAX_PAGE + 1}`
const DAMAGED_PAGE = 'damaged:page:1'

/** An outbox with entries a to e in one lane and page, which somebody has changed. */
async function openDamaged(damage: (page: Page) => unknown, maxDeadLetters = 1_000) {
  const scope = newScope()
  const errors: unknown[] = []
  const options = { scope, maxDeadLetters, reportError: (error: unknown) => errors.push(error) }
  await addAll(await openTestOutbox(options), ['a', 'b', 'c', 'd', 'e'])
  await tamper(scope, transaction => {
    const pages = transaction.objectStore('pages')
    const request = pages.get(1)
    request.addEventListener('success', () => pages.put(damage(request.result)))
  })
  return { scope, outbox: await openTestOutbox(options), errors }
}

/** Its second entry. */
const withEntry =
  (damage: object) =>
  (page: Page): object => ({
    ...page,
    entries: page.entries.map((entry, index) => (index === 1 ? { ...entry, ...damage } : entry)),
  })

const report = { code: 'bad-message', message: expect.stringMatching(/^page 1 of the outbox/) }
const unsized = withEntry({ bytes: 'many' })

describe('a damaged entry', () => {
  test.each<[string, object]>([
    ['without a size', { bytes: 'many' }],
    ['without a body', { body: null }],
    ['of another kind than its page', { body: newEntry('b', { kind: 'request' }).body }],
    ['under a key that nobody finds', { key: 'another' }],
  ])('%s goes to the dead letters as it was, with a report, and the lane goes on', async (_, damage) => {
    const { outbox, errors } = await openDamaged(withEntry(damage))
    expect(keysOf(await outbox.head('message', 'orders', 2))).toEqual(['a', 'c'])
    expect(errors).toMatchObject([report])
    expect(outbox.usage).toEqual({ waiting: 4, dead: 1, bytes: 40 })
    expect(await laneOf(outbox)).toEqual(['a', 'c', 'd', 'e'])
    expect(errors).toHaveLength(1)
    const [dead] = await outbox.list('dead', ALL)
    expect(dead).toMatchObject({
      key: DAMAGED,
      body: { kind: 'damaged', raw: { key: 'b', ...damage } },
      died: { why: 'damaged', error: { code: 'bad-message' } },
    })
    expect(await outbox.retry([DAMAGED])).toEqual([])
    expect(await outbox.drop([DAMAGED])).toEqual([DAMAGED])
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test.each<[string, (key: string, outbox: Outbox) => Promise<unknown>]>([
    ['buried', (key, outbox) => outbox.bury(key, 'rejected', toWireError(new Error('no')))],
    ['tried', (key, outbox) => outbox.attempted(key)],
    ['dropped', (key, outbox) => outbox.drop([key])],
    ['asked for', (key, outbox) => outbox.fate(key)],
    ['acknowledged', (key, outbox) => outbox.acknowledged(key)],
  ])('that is %s does not upset the figures', async (_, act) => {
    const { outbox, errors } = await openDamaged(unsized)
    await act('b', outbox)
    expect(errors).toMatchObject([report])
    expect(outbox.usage).toEqual({ waiting: 4, dead: 1, bytes: 40 })
    expect(outbox.usage).toEqual(await recount(outbox))
    expect(await outbox.fate('b')).toEqual({ state: 'absent' })
  })

  test('behind one that was acknowledged leaves that where it is', async () => {
    const { outbox } = await openDamaged(unsized)
    await outbox.head('message', 'orders', 1)
    await outbox.acknowledged('a')
    await outbox.acknowledged('c')
    expect(await laneOf(outbox)).toEqual(['d', 'e'])
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('that was acknowledged before is no dead letter, and its page goes with the rest', async () => {
    const { scope, outbox } = await openDamaged(page => page)
    for (const key of ['a', 'b', 'c']) await outbox.acknowledged(key)
    await tamper(scope, transaction => {
      const pages = transaction.objectStore('pages')
      const request = pages.get(1)
      request.addEventListener('success', () => {
        const { entries, ...page } = request.result as Page
        pages.put({
          ...page,
          entries: entries.map((entry, index) => (index === 2 ? entry : { ...entry, bytes: 'many' })),
        })
      })
    })
    expect(await laneOf(outbox)).toEqual([])
    expect(await outbox.lanes('message')).toEqual([])
    expect(await outbox.list('dead', ALL)).toHaveLength(2)
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('gives its key free', async () => {
    const { outbox } = await openDamaged(unsized)
    expect(await outbox.add(newEntry('b'))).toMatchObject({ outcome: 'stored' })
    expect(await laneOf(outbox)).toEqual(['a', 'c', 'd', 'e', 'b'])
  })

  test('is a dead letter like any other when there are too many', async () => {
    const { outbox } = await openDamaged(unsized, 1)
    for (const key of ['c', 'd']) await outbox.bury(key, 'rejected', toWireError(new Error('no')))
    expect(keysOf(await outbox.list('dead', ALL))).toEqual(['d'])
    expect(outbox.usage).toEqual(await recount(outbox))
  })
})

describe('a damaged page', () => {
  test.each<[string, object]>([
    ['has no entries', { entries: 'none' }],
    ['has none that is there', { entries: [null] }],
    ['is of no state', { state: 'lost' }],
    ['is of no kind', { kind: 'letter' }],
    ['has no keys', { keys: undefined }],
  ])('that %s goes to the dead letters as it was, with a report, and others go on', async (_, damage) => {
    const { scope, outbox, errors } = await openDamaged(page => ({ ...page, ...damage }))
    await outbox.add(newEntry('f'))
    // Only where it is counted is it met in any case.
    await tamper(scope, transaction => void transaction.objectStore('records').delete('usage'))
    expect(await outbox.refresh()).toEqual({ waiting: 1, dead: 1, bytes: 10 })
    expect(errors).toMatchObject([report])
    expect(await laneOf(outbox)).toEqual(['f'])
    expect(await outbox.list('dead', ALL)).toMatchObject([{ key: DAMAGED_PAGE, body: { raw: { lane: 'orders' } } }])
  })

  test('in a lane that has no name makes no other lane wait', async () => {
    const { outbox, errors } = await openDamaged(page => ({ ...page, lane: 7 }))
    await outbox.add(newEntry('f'))
    const lanes = await outbox.lanes('message')
    const heads = await Promise.all(lanes.map(({ lane }) => outbox.head('message', lane, ALL)))
    expect(heads.map(keysOf)).toEqual([[], ['f']])
    expect(errors).toMatchObject([report])
    expect(await outbox.lanes('message')).toHaveLength(1)
  })
})

describe('a damaged record', () => {
  test.each<[string, unknown]>([
    ['text', 'far'],
    ['no places', { version: 1, firsts: new Map([[1, 'all']]) }],
    ['of no version', { version: Number.NaN, firsts: new Map() }],
  ])('of what was acknowledged, which is %s, loses no entry', async (_, value) => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await addAll(outbox, ['a', 'b', 'c'])
    await outbox.acknowledged('a')
    expect(await laneOf(outbox)).toEqual(['b', 'c'])
    await tamper(scope, transaction => void transaction.objectStore('records').put(value, 'progress'))
    expect(await laneOf(outbox)).toEqual(['a', 'b', 'c'])
    for (const key of ['a', 'b', 'c']) await outbox.acknowledged(key)
    expect(await laneOf(outbox)).toEqual([])
  })

  test.each<[string, unknown]>([
    ['text', 'many'],
    ['no numbers', { waiting: 'one', dead: null, bytes: Number.NaN }],
    ['nothing', undefined],
  ])('of the figures, which is %s, is made anew from the entries', async (_, value) => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await addAll(outbox, ['a', 'b'])
    await outbox.bury('a', 'rejected', toWireError(new Error('no')))
    await tamper(scope, transaction => void transaction.objectStore('records').put(value, 'usage'))
    expect(await outbox.refresh()).toEqual({ waiting: 1, dead: 1, bytes: 20 })
    await outbox.acknowledged('b')
    expect(await outbox.refresh()).toEqual({ waiting: 0, dead: 1, bytes: 10 })
  })

  test.each<[string, unknown]>([
    ['text', 'mine'],
    ['half a lease', { holder: 'them' }],
    ['a lease without a number', { holder: 'them', token: Number.NaN, until: Infinity }],
  ])('of the lease, which is %s, keeps nobody from it', async (_, value) => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await tamper(scope, transaction => void transaction.objectStore('records').put(value, ['lease', 'message']))
    await outbox.release('message', 'us')
    expect(await outbox.lease('message', 'us')).toBe(1)
    expect(await outbox.lease('message', 'them')).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['nothing', null],
    ['text', 'dropped'],
    ['of no time', { why: 'dropped', at: 'once' }],
    ['of no cause', { why: 'age', at: 1 }],
  ])('of an entry that left, which is %s, is as if there were none', async (_, value) => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await tamper(scope, transaction => void transaction.objectStore('records').put(value, ['gone', 'a']))
    expect(await outbox.fate('a')).toEqual({ state: 'absent' })
    await outbox.tidy()
    const records = (await openRaw(databaseOf(scope))).transaction('records').objectStore('records')
    expect(await promisifyRequest(records.count(['gone', 'a']))).toBe(0)
  })

  test.each<[string, unknown]>([
    ['text', 'few'],
    ['not all of them', { maxEntries: 0 }],
    ['no numbers', { maxEntries: '0', maxBytes: -1, maxMessageBytes: Number.NaN, maxDeadLetters: null }],
  ])('of the limits, which is %s, limits nobody', async (_, value) => {
    const scope = newScope()
    await openTestOutbox({ scope, maxEntries: 1 })
    await tamper(scope, transaction => void transaction.objectStore('records').put(value, 'limits'))
    const outbox = await openTestOutbox({ scope })
    await addAll(outbox, ['a', 'b'])
    expect(outbox.usage.waiting).toBe(2)
  })

  test('of the id makes it another database', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    const { id } = outbox
    await tamper(scope, transaction => void transaction.objectStore('records').put({ no: 'id' }, 'id'))
    await outbox.refresh()
    expect(outbox.id).toMatch(/^[\da-f-]{36}$/)
    expect(outbox.id).not.toBe(id)
  })
})
