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
  openRaw,
  openTestOutbox,
  recount,
  tamper,
} from '../support/browser/open-outbox.ts'

/** An outbox with entries a to e in one lane, the second of which somebody has damaged. */
async function openDamaged(damage: object, maxDeadLetters = 1_000) {
  const scope = newScope()
  const errors: unknown[] = []
  const outbox = await openTestOutbox({ scope, maxDeadLetters, reportError: error => errors.push(error) })
  await addAll(outbox, ['a', 'b', 'c', 'd', 'e'])
  await tamper(scope, transaction => {
    const entries = transaction.objectStore('entries')
    const request = entries.get(2)
    request.addEventListener('success', () => entries.put({ ...request.result, ...damage }))
  })
  return { outbox, errors }
}

const report = { code: 'bad-message', message: expect.stringMatching(/^row 2 of the outbox/) }
const unsized = { bytes: 'many' }

describe('a damaged row', () => {
  test.each<[string, object]>([
    ['without a size', unsized],
    ['without a body', { body: null }],
    ['of another kind than its body', { body: { kind: 'request' } }],
  ])('%s goes to the dead letters as it was, with a report, and the lane goes on', async (_, damage) => {
    const { outbox, errors } = await openDamaged(damage)
    expect(keysOf(await outbox.head('message', 'orders', 2))).toEqual(['a', 'c'])
    expect(errors).toMatchObject([report])
    expect(outbox.usage).toEqual({ waiting: 4, dead: 1, bytes: 40 })
    expect(await laneOf(outbox)).toEqual(['a', 'c', 'd', 'e'])
    expect(errors).toHaveLength(1)
    const [dead] = await outbox.list('dead', ALL)
    expect(dead).toMatchObject({
      key: 'damaged:2',
      body: { kind: 'damaged', raw: { key: 'b', ...damage } },
      died: { why: 'damaged', error: { code: 'bad-message' } },
    })
    expect(await outbox.retry(['damaged:2'])).toEqual([])
    expect(await outbox.drop(['damaged:2'])).toEqual(['damaged:2'])
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('in a lane that has no name makes no other lane wait', async () => {
    const { outbox, errors } = await openDamaged({ lane: 7 })
    const lanes = await outbox.lanes('message')
    const heads = await Promise.all(lanes.map(({ lane }) => outbox.head('message', lane, ALL)))
    expect(heads.map(keysOf)).toEqual([['a', 'c', 'd', 'e'], []])
    expect(errors).toMatchObject([report])
    expect(await outbox.lanes('message')).toHaveLength(1)
  })

  test.each<[string, (key: string, outbox: Awaited<ReturnType<typeof openDamaged>>['outbox']) => Promise<unknown>]>([
    ['buried', (key, outbox) => outbox.bury(key, 'rejected', toWireError(new Error('no')))],
    ['tried', (key, outbox) => outbox.attempted(key)],
    ['dropped', (key, outbox) => outbox.drop([key])],
    ['asked for', (key, outbox) => outbox.fate(key)],
  ])('that is %s does not upset the figures', async (_, act) => {
    const { outbox, errors } = await openDamaged(unsized)
    await act('b', outbox)
    expect(errors).toMatchObject([report])
    expect(outbox.usage).toEqual({ waiting: 4, dead: 1, bytes: 40 })
    expect(outbox.usage).toEqual(await recount(outbox))
    expect(await outbox.fate('b')).toEqual({ state: 'absent' })
  })

  test('that is acknowledged leaves like any other', async () => {
    const { outbox } = await openDamaged(unsized)
    await outbox.acknowledged('b')
    expect(await outbox.refresh()).toEqual({ waiting: 4, dead: 0, bytes: 40 })
    expect(outbox.usage).toEqual(await recount(outbox))
  })

  test('in whose place lies another message does not take that along', async () => {
    const { outbox } = await openDamaged({ key: 'another' })
    await outbox.acknowledged('b')
    expect(await laneOf(outbox)).toEqual(['a', 'another', 'c', 'd', 'e'])
  })

  test('gives its key free', async () => {
    const { outbox } = await openDamaged(unsized)
    expect(await outbox.add(newEntry('b'))).toMatchObject({ outcome: 'stored' })
    expect(await laneOf(outbox)).toEqual(['a', 'c', 'd', 'e', 'b'])
  })

  test('is a dead letter like any other when there are too many', async () => {
    const { outbox } = await openDamaged({ ...unsized, state: 'dead' }, 1)
    for (const key of ['c', 'd']) await outbox.bury(key, 'rejected', toWireError(new Error('no')))
    expect(keysOf(await outbox.list('dead', ALL))).toEqual(['d'])
    expect(outbox.usage).toEqual(await recount(outbox))
  })
})

describe('a damaged record', () => {
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
