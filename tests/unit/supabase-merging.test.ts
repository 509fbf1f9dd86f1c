import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCovered, merge, takers, toChangeIds, toJoinConfig } from '../../src/worker/transports/supabase-merging.ts'
import type { Wish } from '../../src/worker/transports/supabase-wish.ts'

const changes = fc.uniqueArray(fc.constantFrom('{"a":1}', '{"b":1}', '{"c":1}', '{"d":1}'))

const wish: fc.Arbitrary<Wish> = fc.record({
  topic: fc.constant('room'),
  changes,
  hearsItself: fc.boolean(),
  wantsAck: fc.boolean(),
  wantsPresence: fc.boolean(),
  presenceKey: fc.constantFrom(undefined, 'ann', 'bob'),
  isPrivate: fc.boolean(),
  face: fc.constant(undefined),
})

const holders = fc.array(fc.record({ wish }), { minLength: 1, maxLength: 6 })

describe('several wishes as one join', () => {
  test('each holder has all that it wants, or is refused with a reason; the first always has it', () => {
    fc.assert(
      fc.property(holders, all => {
        const { plan, holders: fulfilled, refused } = merge(all)
        expect(fulfilled.length + refused.length).toBe(all.length)
        expect(fulfilled[0]).toBe(all[0])
        for (const holder of fulfilled) expect(isCovered(merge([holder]).plan, plan)).toBe(true)
        for (const { holder, reason } of refused) {
          expect(reason).not.toBe('')
          expect(isCovered(merge([holder]).plan, plan)).toBe(false)
        }
      }),
    )
  })

  test('nothing is had that nobody wants, and each change once', () => {
    fc.assert(
      fc.property(holders, all => {
        const { plan, holders: fulfilled } = merge(all)
        expect(new Set(plan.changes)).toEqual(new Set(fulfilled.flatMap(one => one.wish.changes)))
        expect(new Set(plan.changes).size).toBe(plan.changes.length)
        expect(plan.wantsAck).toBe(fulfilled.some(one => one.wish.wantsAck))
        expect(plan.wantsPresence).toBe(fulfilled.some(one => one.wish.wantsPresence))
      }),
    )
  })

  test('a row goes to exactly those who asked for what it came under, to each once', () => {
    const scene = holders.chain(all =>
      fc.record({
        all: fc.constant(all),
        hit: fc.subarray(
          merge(all).plan.changes.map((_, index) => index),
          { minLength: 0 },
        ),
      }),
    )
    fc.assert(
      fc.property(scene, ({ all, hit }) => {
        const { plan, holders: fulfilled } = merge(all)
        const answer = plan.changes.map((_, index) => ({ id: 1_000 + index }))
        const ids = toChangeIds(plan, answer) ?? new Map<number, string[]>()
        expect(ids.size).toBe(plan.changes.length)
        const got = takers(
          fulfilled,
          hit.map(index => 1_000 + index),
          ids,
        )
        const wanted = new Set(hit.map(index => plan.changes[index]))
        expect(got).toEqual(fulfilled.filter(one => one.wish.changes.some(change => wanted.has(change))))
      }),
    )
  })

  test('an answer that does not fit is none', () => {
    const { plan } = merge([
      {
        wish: {
          topic: 'room',
          changes: ['{"a":1}', '{"b":1}'],
          hearsItself: false,
          wantsAck: true,
          wantsPresence: false,
          presenceKey: undefined,
          isPrivate: false,
          face: undefined,
        },
      },
    ])
    for (const answer of [undefined, [], [{ id: 1 }], [{ id: 1 }, {}], [{ id: 1 }, { id: '2' }], 'ids', null])
      expect(toChangeIds(plan, answer)).toBe(undefined)
    expect(toChangeIds(plan, [{ id: 7 }, { id: 7 }])).toEqual(new Map([[7, ['{"a":1}', '{"b":1}']]]))
    expect(toJoinConfig(plan)).toEqual({
      broadcast: { ack: true, self: false },
      presence: { key: '', enabled: false },
      postgres_changes: [{ a: 1 }, { b: 1 }],
      private: false,
    })
  })
})
