import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LEASE_MS, releaseLease, takeLease, type LeaseRecord } from '../../src/outbox/drain-lease.ts'

const NOW = 1_000_000

const holders = fc.constantFrom('a', 'b', 'c')
const steps = (passed: fc.Arbitrary<number>) =>
  fc.array(fc.record({ holder: holders, passed, act: fc.constantFrom('take', 'take', 'take', 'release') }))

interface Step {
  readonly holder: string
  readonly passed: number
  readonly act: string
}

interface Taken {
  readonly now: number
  readonly holder: string
  readonly before: LeaseRecord | undefined
  readonly record: LeaseRecord
}

/** Does the steps one after the other on one record; what was taken or renewed, in order. */
function* taking(asked: readonly Step[]): Generator<Taken> {
  let record: LeaseRecord | undefined
  let now = NOW
  for (const { holder, passed, act } of asked) {
    now += passed
    const before = record
    const isReleased = act === 'release' && before?.holder === holder
    const taken = act === 'take' ? takeLease(before, holder, now) : isReleased ? releaseLease(before) : undefined
    record = taken ?? before
    if (act === 'take' && taken !== undefined) yield { now, holder, before, record: taken }
  }
}

describe('a lease', () => {
  test('is never with two at a time', () => {
    fc.assert(
      fc.property(steps(fc.nat(LEASE_MS * 2)), asked => {
        for (const { now, holder, before } of taking(asked))
          expect(before === undefined || before.holder === holder || before.until <= now).toBe(true)
      }),
    )
  })

  test('has a number that rises with each change of holder, and with nothing else, however the clock jumps', () => {
    fc.assert(
      fc.property(steps(fc.integer({ min: -LEASE_MS * 4, max: LEASE_MS * 4 })), asked => {
        for (const { now, holder, before, record } of taking(asked)) {
          const isRenewal = before?.holder === holder
          expect(record).toEqual({
            holder,
            token: (before?.token ?? 0) + (isRenewal ? 0 : 1),
            until: now + LEASE_MS,
          })
        }
      }),
    )
  })

  test('has a number that no two holders ever share, however the clock jumps', () => {
    fc.assert(
      fc.property(steps(fc.integer({ min: -LEASE_MS * 4, max: LEASE_MS * 4 })), asked => {
        const owners = new Map<number, string>()
        for (const { holder, record } of taking(asked)) {
          expect(owners.get(record.token) ?? holder).toBe(holder)
          owners.set(record.token, holder)
        }
      }),
    )
  })

  test('that nobody renews keeps nobody waiting for longer than it lasts, whatever the clock was set to', () => {
    const records = fc.record({ holder: holders, token: fc.nat(), until: fc.maxSafeInteger() })
    fc.assert(
      fc.property(records, fc.maxSafeInteger(), (record, now) => {
        expect(takeLease(record, 'next', now) ?? takeLease(record, 'next', now + LEASE_MS)).toBeDefined()
      }),
    )
  })

  test('is with the next one at once when it was released', () => {
    const held: LeaseRecord = { holder: 'a', token: 4, until: NOW + LEASE_MS }
    expect(takeLease(held, 'b', NOW)).toBeUndefined()
    expect(takeLease(releaseLease(held), 'b', NOW)).toEqual({ holder: 'b', token: 5, until: NOW + LEASE_MS })
    expect(takeLease(releaseLease(held), 'a', NOW)).toMatchObject({ token: 4 })
  })
})
