import { expect, test } from 'vitest'
import { causeOf, toCloseError, toHttpError } from '../../../src/worker/transports/websocket-causes.ts'
import type { Codec } from '../../../src/worker/transports/websocket-codec.ts'
import { UpstreamError } from '../../../src/worker/upstream/transport.ts'

test.each([
  [1000, 'server-closed'],
  [1001, 'server-restart'],
  [1005, 'network'],
  [1006, 'network'],
  [1008, 'server-closed'],
  [1009, 'network'],
  [1011, 'server-closed'],
  [1012, 'server-restart'],
  [1013, 'rate-limited'],
  [1015, 'network'],
  [4000, 'server-closed'],
  [4400, 'network'],
  [4401, 'credentials'],
  [4403, 'credentials'],
  [4408, 'network'],
  [4429, 'rate-limited'],
])('close code %i is %s', (code, kind) => {
  expect(toCloseError(code, 'because')).toMatchObject({ kind, details: { code, reason: 'because' } })
})

test.each([
  ['{"retryAfterMs":1500}', 1500],
  ['{"retryAfterMs":"soon"}', undefined],
  ['{"retryAfterMs":-1}', undefined],
  ['{', undefined],
  ['in a while', undefined],
  ['', undefined],
])('the reason %j of a rate limit tells %j ms', (reason, retryAfterMs) => {
  expect(toCloseError(4429, reason)).toMatchObject({ kind: 'rate-limited', retryAfterMs })
})

test('a time to wait counts for rate limits alone', () => {
  expect(toCloseError(1012, '{"retryAfterMs":1500}').retryAfterMs).toBeUndefined()
})

test('a protocol knows its own close codes', () => {
  const codec: Codec = {
    encode: () => '',
    decode: () => [],
    closed: code => (code === 4100 ? new UpstreamError('credentials', 'sign in') : undefined),
  }
  expect(causeOf(codec, 4100, '')).toMatchObject({ kind: 'credentials', message: 'sign in' })
  expect(causeOf(codec, 1012, '')).toMatchObject({ kind: 'server-restart' })
})

const NOW = Date.UTC(2030, 0, 1)

test.each([
  [401, null, { kind: 'credentials' }],
  [403, null, { kind: 'credentials' }],
  [429, '7', { kind: 'rate-limited', retryAfterMs: 7_000 }],
  [429, null, { kind: 'rate-limited', retryAfterMs: undefined }],
  [429, new Date(NOW + 3_000).toUTCString(), { kind: 'rate-limited', retryAfterMs: 3_000 }],
  [429, 'soon', { kind: 'rate-limited', retryAfterMs: undefined }],
  [503, '2', { kind: 'rate-limited', retryAfterMs: 2_000 }],
  [503, null, { kind: 'network' }],
  [404, null, { kind: 'network' }],
  [502, null, { kind: 'network' }],
])('status %i with Retry-After %j is %j', (status, retryAfter, cause) => {
  expect(toHttpError(status, retryAfter, NOW)).toMatchObject(cause)
})
