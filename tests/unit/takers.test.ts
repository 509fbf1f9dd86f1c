import fc from 'fast-check'
import { expect, test } from 'vitest'
import { preferredTaker } from '../../src/worker/routing/takers.ts'

const tab = (name: string, more: Partial<Taker> = {}): Taker => ({
  name,
  visible: true,
  frozen: false,
  suspendedAt: undefined,
  focusedAt: -1,
  attachedAt: 0,
  ...more,
})

interface Taker {
  readonly name: string
  readonly visible: boolean
  readonly frozen: boolean
  readonly suspendedAt: number | undefined
  readonly focusedAt: number
  readonly attachedAt: number
}

test.each<[string, Taker[]]>([
  [
    'a visible tab before a hidden one, whoever had the focus last',
    [tab('best'), tab('b', { visible: false, focusedAt: 9 })],
  ],
  ['a hidden tab before a frozen one', [tab('best', { visible: false }), tab('b', { frozen: true, focusedAt: 9 })]],
  [
    'a hidden tab before one in the back/forward cache',
    [tab('best', { visible: false }), tab('b', { suspendedAt: 5, focusedAt: 9 })],
  ],
  [
    'of visible tabs the one that had the focus last',
    [tab('best', { focusedAt: 7 }), tab('b', { focusedAt: 6, attachedAt: 9 }), tab('c')],
  ],
  [
    'of hidden tabs the one that had the focus last',
    [tab('best', { visible: false, focusedAt: 7 }), tab('b', { visible: false, focusedAt: 6 })],
  ],
  ['of tabs that never had it the one that came last', [tab('best', { attachedAt: 3 }), tab('b', { attachedAt: 2 })]],
  ['a frozen one where there is no other', [tab('best', { frozen: true })]],
])('takes %s', (_, takers) => {
  expect(preferredTaker(takers)?.name).toBe('best')
  expect(preferredTaker(takers.toReversed())?.name).toBe('best')
})

test('is nobody where there is nobody', () => {
  expect(preferredTaker([])).toBeUndefined()
})

test('is the same one in whatever order they are asked', () => {
  const taker = fc.record({
    name: fc.string(),
    visible: fc.boolean(),
    frozen: fc.boolean(),
    suspendedAt: fc.constantFrom(undefined, 1),
    focusedAt: fc.integer({ min: -1, max: 2 }),
    attachedAt: fc.nat(),
  })
  const several = fc.uniqueArray(taker, { selector: ({ attachedAt }) => attachedAt, minLength: 1 })
  fc.assert(
    fc.property(
      several.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        expect(preferredTaker(shuffled)).toBe(preferredTaker(all))
      },
    ),
  )
})
