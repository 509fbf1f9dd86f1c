import { expect, test } from 'vitest'
import type { Entry } from '../../../src/outbox/index.ts'
import { batchOf, toEndpointMessage } from '../../../src/sw/drain/batch.ts'

let seq = 0
function message(lane: string, payload: unknown): Entry {
  seq++
  return {
    key: `key-${seq}`,
    seq,
    lane,
    body: { kind: 'message', channel: 'orders', event: 'add', payload },
    bytes: 1,
    createdAt: 7,
    state: 'waiting',
    attempts: 0,
  }
}

test('of each lane the oldest go, in order, as many as fit', () => {
  const a = [message('a', 1), message('a', 2)]
  const b = [message('b', 3), message('b', 4)]
  expect(batchOf([a, b], 3)).toEqual({ entries: [...a, b[0]], unfit: [] })
})

test('large messages go in smaller batches, and none is too large for one', () => {
  const large = [1, 2, 3].map(n => ({ ...message('a', n), bytes: 2_000_000 }))
  expect(batchOf([large], 10).entries).toEqual(large.slice(0, 1))
  const medium = [1, 2, 3].map(n => ({ ...message('b', n), bytes: 600_000 }))
  expect(batchOf([medium], 10).entries).toEqual(medium.slice(0, 2))
})

test('a lane stops at what JSON cannot carry; the others go on', () => {
  const a = [message('a', 1), message('a', new Date(0)), message('a', 3)]
  const b = [message('b', new Map()), message('b', 4)]
  const c = [message('c', undefined)]
  expect(batchOf([a, b, c], 10)).toEqual({ entries: [a[0], c[0]], unfit: ['b'] })
})

test('a field that is undefined keeps no lane back, nor does an object in two places', () => {
  const guest = { name: 'Ann' }
  const a = [message('a', { note: undefined }), message('a', { guest, payer: guest })]
  expect(batchOf([a], 10)).toEqual({ entries: a, unfit: [] })
})

test('the endpoint gets what a server needs', () => {
  const [entry] = batchOf([[message('a', { table: 4 })]], 1).entries
  expect(entry && toEndpointMessage(entry)).toEqual({
    key: `key-${seq}`,
    lane: 'a',
    channel: 'orders',
    event: 'add',
    payload: { table: 4 },
    createdAt: 7,
  })
})
