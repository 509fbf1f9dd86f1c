import { expect, test } from 'vitest'
import { freshnessOf } from '../../../src/sw/caching/freshness.ts'

const age = { now: 10_000, maxAgeMs: 1_000, staleSince: 0, fetchedAt: 9_500 }

test('an answer is fresh until it is too old', () => {
  expect(freshnessOf(age)).toBe('fresh')
  expect(freshnessOf({ ...age, fetchedAt: 9_000 })).toBe('fresh')
  expect(freshnessOf({ ...age, fetchedAt: 8_999 })).toBe('expired')
})

test('what was asked for before the event, or in its millisecond, is stale', () => {
  expect(freshnessOf({ ...age, staleSince: 9_501 })).toBe('stale')
  expect(freshnessOf({ ...age, staleSince: 9_500 })).toBe('stale')
  expect(freshnessOf({ ...age, staleSince: 9_499 })).toBe('fresh')
})

test('what is both stale and too old is expired', () => {
  expect(freshnessOf({ ...age, fetchedAt: 1, staleSince: 9_000 })).toBe('expired')
})

test('of an answer whose time nobody could write down any event makes it stale', () => {
  expect(freshnessOf({ ...age, fetchedAt: undefined })).toBe('fresh')
  expect(freshnessOf({ ...age, fetchedAt: undefined, staleSince: 1 })).toBe('stale')
})

test('a clock that was put back makes nothing expire', () => {
  expect(freshnessOf({ ...age, now: 1 })).toBe('fresh')
})
