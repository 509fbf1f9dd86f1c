import { expect, test } from 'vitest'
import { toRowPayload } from '../../src/worker/transports/supabase-rows.ts'

const columns = [
  ['id', 'int8'],
  ['price', 'numeric'],
  ['done', 'bool'],
  ['at', 'timestamp'],
  ['more', 'jsonb'],
  ['tags', '_text'],
  ['sizes', '_int4'],
  ['note', 'text'],
].map(([name = '', type = '']) => ({ name, type }))

const change = { schema: 'public', table: 'orders', commit_timestamp: 'now', errors: null, columns }

test('values that come as PostgreSQL writes them are those of the library’s own listeners', () => {
  const record = {
    id: '7',
    price: '4.50',
    done: 't',
    at: '2026-01-02 03:04:05',
    more: '{"a":[1]}',
    tags: '{hot,cold}',
    sizes: '{1,2}',
    note: '7',
  }
  expect(toRowPayload({ ...change, type: 'UPDATE', record, old_record: { id: 7 } })).toEqual({
    eventType: 'UPDATE',
    schema: 'public',
    table: 'orders',
    commit_timestamp: 'now',
    errors: null,
    new: {
      id: 7,
      price: 4.5,
      done: true,
      at: '2026-01-02T03:04:05',
      more: { a: [1] },
      tags: ['hot', 'cold'],
      sizes: [1, 2],
      note: '7',
    },
    old: { id: 7 },
  })
})

test('what is there already stays, and what is not told is empty', () => {
  const record = { id: 7, done: false, more: { a: 1 }, note: null, odd: 'not a column' }
  const inserted = toRowPayload({ ...change, type: 'INSERT', record, old_record: { id: 1 } })
  expect([inserted.new, inserted.old]).toEqual([record, {}])
  const deleted = toRowPayload({ ...change, type: 'DELETE', record, old_record: undefined })
  expect([deleted.new, deleted.old]).toEqual([{}, {}])
})
