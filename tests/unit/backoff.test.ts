import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fullJitter } from '../../src/lib/index.ts'

const policy = { baseMs: 1_000, maxMs: 30_000 }
const failures = fc.integer({ min: 1, max: 10_000 })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a delay is never below zero and never above maxMs, however many failures there were', () => {
  fc.assert(
    fc.property(failures, random, (count, chance) => {
      const delayMs = fullJitter(count, chance, policy)
      expect(delayMs).toBeGreaterThanOrEqual(0)
      expect(delayMs).toBeLessThanOrEqual(policy.maxMs)
    }),
  )
})

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [5, 16_000],
  [6, 30_000],
  [1_100, 30_000],
])('after %i failures the delay lies anywhere up to %i ms', (count, boundMs) => {
  expect(fullJitter(count, 0, policy)).toBe(0)
  expect(fullJitter(count, 0.5, policy)).toBe(boundMs / 2)
  expect(fullJitter(count, 0.999_999_9, policy)).toBe(boundMs)
})
