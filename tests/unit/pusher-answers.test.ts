import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  readChannelAnswer,
  readUserAnswer,
  toEndpointError,
  userIdIn,
} from '../../src/worker/transports/pusher-answers.ts'
import { channelKind } from '../../src/worker/transports/pusher-channel-kind.ts'

const kindOf = (name: string) => {
  const kind = channelKind(name)
  if (kind === undefined) throw new Error('no such name')
  return kind
}
const PRIVATE = kindOf('private-a')
const ENCRYPTED = kindOf('private-encrypted-a')
const SECRET = btoa('k'.repeat(32))

describe('an answer for a channel', () => {
  test.each<[object, object]>([
    [{ auth: 'a:b' }, { auth: 'a:b', channelData: undefined }],
    [
      { auth: 'a:b', channel_data: '{}', more: 1 },
      { auth: 'a:b', channelData: '{}' },
    ],
    [
      { auth: 'a:b', channel_data: null },
      { auth: 'a:b', channelData: undefined },
    ],
  ])('%j', (answer, read) => expect(readChannelAnswer(answer, PRIVATE)).toMatchObject(read))

  test.each<[unknown, string]>([
    [undefined, '{ auth'],
    ['a:b', '{ auth'],
    [{ auth: 5 }, '{ auth'],
    [{ auth: 'a:b', channel_data: {} }, 'channel_data'],
    [{ error: 'only for cooks' }, 'only for cooks'],
  ])('%j is none', (answer, why) =>
    expect(() => readChannelAnswer(answer, PRIVATE)).toThrow(
      expect.objectContaining({ kind: 'refused', message: expect.stringContaining(why) }),
    ),
  )

  test('has the key of an encrypted channel', () => {
    const { key } = readChannelAnswer({ auth: 'a:b', shared_secret: SECRET }, ENCRYPTED)
    expect(key).toEqual(new TextEncoder().encode('k'.repeat(32)))
    for (const shared_secret of [undefined, '', 'not base64!', btoa('short')])
      expect(() => readChannelAnswer({ auth: 'a:b', shared_secret }, ENCRYPTED)).toThrow(/shared_secret/)
  })
})

test('an answer for a user is a signature and what was signed', () => {
  expect(readUserAnswer({ auth: 'a:b', user_data: '{}' })).toEqual({ auth: 'a:b', userData: '{}' })
  expect(() => readUserAnswer({ auth: 'a:b' })).toThrow(expect.objectContaining({ kind: 'refused' }))
})

test('garbage is refused, and what was in it is not repeated', () => {
  const garbage = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { auth: fc.jsonValue(), channel_data: fc.jsonValue(), shared_secret: fc.jsonValue() },
      { requiredKeys: [] },
    ),
  )
  fc.assert(
    fc.property(garbage, answer => {
      const refusal = expect.objectContaining({ name: 'UpstreamError', kind: 'refused', details: undefined })
      expect(() => readChannelAnswer(answer, ENCRYPTED)).toThrow(refusal)
      expect(() => readUserAnswer(answer)).toThrow(refusal)
    }),
  )
})

test.each<[string | undefined, string | number | undefined]>([
  ['{"user_id":"ann"}', 'ann'],
  ['{"user_id":5}', 5],
  ['{}', undefined],
  ['not json', undefined],
  [undefined, undefined],
])('the user in %j is %j', (channelData, id) => expect(userIdIn(channelData)).toBe(id))

test.each<[number, string | null, object]>([
  [401, null, { kind: 'refused' }],
  [403, null, { kind: 'refused' }],
  [404, null, { kind: 'refused' }],
  [429, '3', { kind: 'rate-limited', retryAfterMs: 3_000 }],
  [429, 'Wed, 21 Oct 2026 07:28:00 GMT', { kind: 'rate-limited', retryAfterMs: 1_000 }],
  [500, null, { kind: 'network' }],
  [503, null, { kind: 'network' }],
])('an endpoint that answers %i (%j)', (status, retryAfter, error) =>
  expect(toEndpointError(status, retryAfter, 'why')).toMatchObject({ ...error, details: { status } }),
)
