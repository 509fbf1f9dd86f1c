import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ring } from '../../src/lib/index.ts'

type Step = { readonly push: number } | { readonly shift: number }

const steps = fc.array(
  fc.oneof(fc.record({ push: fc.integer({ min: 1, max: 40 }) }), fc.record({ shift: fc.integer({ min: 1, max: 40 }) })),
  { maxLength: 60 },
)

/** Does the same to both, and compares what can be seen of them after every step. */
function compare(ring: Ring<number>, model: number[], all: readonly Step[]): void {
  let value = 0
  for (const step of all) {
    const got: unknown[] = []
    const expected: unknown[] = []
    if ('push' in step)
      for (let n = 0; n < step.push; n++) {
        ring.push(++value)
        model.push(value)
      }
    else
      for (let n = 0; n < step.shift; n++) {
        got.push(ring.shift())
        expected.push(model.shift())
      }
    expect(got).toEqual(expected)
    expect(ring.length).toBe(model.length)
    expect(ring.peek()).toBe(model[0])
  }
}

test('a ring behaves as an array that is pushed to and shifted from', () => {
  fc.assert(fc.property(steps, all => compare(new Ring(), [], all)))
})

test('a ring that was long and ran empty goes on as before', () => {
  compare(new Ring(), [], [{ push: 5_000 }, { shift: 5_001 }, { push: 40 }, { shift: 20 }, { push: 40 }, { shift: 61 }])
})
