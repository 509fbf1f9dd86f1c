import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMessage, toPresenceChange } from '../../src/worker/transports/pusher-messages.ts'

describe('what a server says', () => {
  test.each<[string, object, object]>([
    ['a join', { event: 'pusher_internal:subscription_succeeded', channel: 'orders', data: {} }, { kind: 'joined' }],
    [
      'a join of a presence channel',
      {
        event: 'pusher_internal:subscription_succeeded',
        channel: 'presence-floor',
        data: { presence: { ids: ['ann', 5, 'constructor'], hash: { ann: { name: 'Ann' }, 5: null }, count: 3 } },
      },
      {
        kind: 'joined',
        members: [
          { id: 'ann', states: [{ name: 'Ann' }] },
          { id: '5', states: [] },
          { id: 'constructor', states: [] },
        ],
      },
    ],
    [
      'a refused join',
      {
        event: 'pusher:subscription_error',
        channel: 'private-a',
        data: { type: 'AuthError', error: 'no', status: 401 },
      },
      { kind: 'join-refused', error: { kind: 'refused', message: 'no' } },
    ],
    [
      'a join that may go better later',
      { event: 'pusher:subscription_error', channel: 'private-a', data: { status: 503 } },
      { kind: 'join-refused', error: { kind: 'network' } },
    ],
    [
      'somebody coming',
      { event: 'pusher_internal:member_added', channel: 'presence-a', data: { user_id: 'bob', user_info: 1 } },
      { kind: 'presence', change: { kind: 'diff', present: [{ id: 'bob', states: [1] }], gone: [] } },
    ],
    [
      'somebody going',
      { event: 'pusher_internal:member_removed', channel: 'presence-a', data: { user_id: 7 } },
      { kind: 'presence', change: { kind: 'diff', present: [], gone: ['7'] } },
    ],
    [
      'how many subscribe',
      { event: 'pusher_internal:subscription_count', channel: 'orders', data: { subscription_count: 2 } },
      { kind: 'event', event: 'pusher:subscription_count', payload: { subscription_count: 2 } },
    ],
    [
      'an empty cache',
      { event: 'pusher:cache_miss', channel: 'cache-a' },
      { kind: 'event', event: 'pusher:cache_miss', payload: undefined },
    ],
    [
      "a member's event",
      { event: 'client-typing', channel: 'presence-a', data: 'x', user_id: 'bob' },
      { kind: 'event', event: 'client-typing', payload: 'x', userId: 'bob' },
    ],
    [
      'a sign-in',
      { event: 'pusher:signin_success', data: { user_data: '{"id":"ann"}' } },
      { kind: 'signed-in', userId: 'ann' },
    ],
    [
      'the watchlist',
      { event: 'pusher_internal:watchlist_events', data: { events: [{ name: 'online', user_ids: ['a', 1] }] } },
      { kind: 'watchlist', changes: [{ name: 'online', userIds: ['a', '1'] }] },
    ],
    [
      'an error',
      { event: 'pusher:error', data: { code: 4301, message: 'too many' } },
      { kind: 'error', text: 'too many (4301)' },
    ],
    ['a ping', { event: 'pusher:ping' }, { kind: 'housekeeping' }],
  ])('%s', (_, message, read) => expect(readMessage(message)).toMatchObject(read))
})

test.each<[unknown, string]>([
  [undefined, 'no-event'],
  [{}, 'no-event'],
  [{ event: 5 }, 'no-event'],
  [{ event: 'said', data: 1 }, 'no-channel'],
  [{ event: 'said', channel: '#connection', data: 1 }, 'no-channel'],
  [{ event: 'said', channel: 'a\n{"raw":true}', data: 1 }, 'no-channel'],
  [{ event: 'pusher:made-up' }, 'unknown-message'],
  [{ event: 'pusher_internal:made-up', channel: 'a' }, 'unknown-message'],
  [{ event: 'pusher_internal:member_added', channel: 'a', data: null }, 'pusher_internal:member_added'],
  [{ event: 'pusher_internal:subscription_count', channel: 'a' }, 'pusher_internal:subscription_count'],
  [{ event: 'pusher:signin_success', data: { user_data: '{}' } }, 'pusher:signin_success'],
  [{ event: 'pusher_internal:watchlist_events', data: {} }, 'pusher_internal:watchlist_events'],
])('%j makes no sense (%s)', (message, what) => expect(readMessage(message)).toMatchObject({ kind: 'malformed', what }))

const names = fc.constantFrom(
  'pusher:error',
  'pusher:signin_success',
  'pusher:subscription_error',
  'pusher_internal:subscription_succeeded',
  'pusher_internal:subscription_count',
  'pusher_internal:member_added',
  'pusher_internal:member_removed',
  'pusher_internal:watchlist_events',
)
const data = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      presence: fc.oneof(fc.jsonValue(), fc.record({ ids: fc.jsonValue(), hash: fc.jsonValue() })),
      user_id: fc.jsonValue(),
      user_data: fc.jsonValue(),
      events: fc.oneof(fc.jsonValue(), fc.array(fc.record({ name: fc.constant('online'), user_ids: fc.jsonValue() }))),
    },
    { requiredKeys: [] },
  ),
)

test('nothing that JSON can hold makes it throw, and all that it reads can be sent to tabs', () => {
  const message = fc.record(
    { event: fc.oneof(names, fc.jsonValue()), channel: fc.jsonValue(), data, user_id: fc.jsonValue() },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(message, fc.jsonValue()), garbage => {
      const read = readMessage(garbage)
      structuredClone(read.kind === 'join-refused' ? read.error.details : read)
    }),
    { numRuns: 2_000 },
  )
})

test('watched users are members of the watchlist while they are online', () => {
  expect(toPresenceChange({ name: 'online', userIds: ['a'] })).toEqual({
    kind: 'diff',
    present: [{ id: 'a', states: [] }],
    gone: [],
  })
  expect(toPresenceChange({ name: 'offline', userIds: ['a'] })).toEqual({ kind: 'diff', present: [], gone: ['a'] })
})
