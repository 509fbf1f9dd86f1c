import { expect, test } from 'vitest'
import { toChannelId, type ChannelParams } from '../../src/protocol/index.ts'
import { toWish } from '../../src/worker/transports/supabase-wish.ts'

const wishOf = (params?: ChannelParams, name = 'room') => toWish(toChannelId({ name, params }))

test('a name alone wants broadcasts and presence, acknowledged', () => {
  expect(wishOf()).toEqual({
    topic: 'room',
    changes: [],
    hearsItself: false,
    wantsAck: true,
    wantsPresence: true,
    presenceKey: undefined,
    isPrivate: false,
  })
})

test('the same change is the same text, however it is written', () => {
  const [first, second] = [
    wishOf({ changes: [{ table: 'orders' }] }),
    wishOf({ changes: [{ schema: 'public', event: '*', table: 'orders' }, { table: 'orders' }] }),
  ]
  expect(first?.changes).toEqual(second?.changes)
  expect(first?.changes).toHaveLength(1)
})

test.each<[string, ChannelParams]>([
  ['a channel has no parameter "tables"', { tables: [] }],
  ['a list', { changes: { table: 'orders' } }],
  ['a change is an object', { changes: ['orders'] }],
  ['a change has no parameter "where"', { changes: [{ table: 'orders', where: 'id=eq.1' }] }],
  ["'INSERT'", { changes: [{ event: 'insert' }] }],
  ['table is a text', { changes: [{ table: 1 }] }],
  ['a list of columns', { changes: [{ select: 'id' }] }],
  ['broadcast is an object', { broadcast: true }],
  ['broadcast.self is true or false', { broadcast: { self: 1 } }],
  ['broadcast has no parameter "replay"', { broadcast: { replay: {} } }],
  ['presence is an object', { presence: true }],
  ['presence.key is a text', { presence: { key: 1 } }],
  ['private is true or false', { private: 'yes' }],
])('what cannot be right is refused with a sentence: %s', (words, params) => {
  expect(() => wishOf(params)).toThrow(
    expect.objectContaining({ kind: 'refused', message: expect.stringContaining(words) }),
  )
})

test('a name of more bytes than a broadcast can carry is refused', () => {
  expect(() => wishOf({}, 'ž'.repeat(124))).toThrow(expect.objectContaining({ kind: 'refused' }))
  expect(wishOf({}, 'ž'.repeat(123)).topic).toHaveLength(123)
})
