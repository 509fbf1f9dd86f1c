import { expect, test } from 'vitest'
import { parseRetryAfter, verdictOf } from '../../../src/sw/drain/verdict.ts'

const NOW = Date.UTC(2026, 0, 1)

test.each([200, 201, 204, 299])('%i: the server has it', status => {
  expect(verdictOf(status, null, NOW)).toEqual({ outcome: 'done' })
})

test.each([400, 401, 403, 404, 409, 422, 304])('%i: the server will not have it', status => {
  expect(verdictOf(status, '3', NOW)).toEqual({ outcome: 'dead' })
})

test.each([408, 425, 429, 500, 502, 503, 504, 599])('%i: again later, when the server says', status => {
  expect(verdictOf(status, '3', NOW)).toEqual({ outcome: 'later', retryAfterMs: 3_000 })
  expect(verdictOf(status, null, NOW)).toEqual({ outcome: 'later', retryAfterMs: undefined })
})

test.each([
  [null, undefined],
  ['0', 0],
  [' 120 ', 120_000],
  [new Date(NOW + 5_000).toUTCString(), 5_000],
  [new Date(NOW - 5_000).toUTCString(), 0],
  ['99999999', 3_600_000],
  ['soon', undefined],
])('Retry-After %s is %s ms', (value, ms) => {
  expect(parseRetryAfter(value, NOW)).toBe(ms)
})
