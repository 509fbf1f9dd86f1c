import { expect, test } from 'vitest'
import { fitsJson } from '../../../src/sw/drain/fits-json.ts'

const shared = { of: 'both' }
const cycle: { self?: unknown } = {}
cycle.self = [cycle]
/** A hole behind its only entry. */
const sparse = [1]
sparse.length = 2

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let n = 0; n < depth; n++) value = [value]
  return value
}

for (const [name, value] of [
  ['a field that is undefined', { note: undefined, table: 4 }],
  ['an object in two places', { first: shared, all: [shared, shared] }],
  ['what JSON has', [null, true, 'text', 0, -1.5, {}, []]],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
] as const)
  test(`JSON carries ${name}`, () => {
    expect(fitsJson(value)).toBe(true)
  })

for (const [name, value] of [
  ['a cycle', cycle],
  ['a date', { at: new Date(0) }],
  ['a map', new Map()],
  ['bytes', { bytes: new Uint8Array(2) }],
  ['undefined in an array', [undefined]],
  ['a hole in an array', { sparse }],
  ['NaN', { n: NaN }],
  ['minus zero', [-0]],
  ['a large integer', 1n],
] as const)
  test(`JSON does not carry ${name}`, () => {
    expect(fitsJson(value)).toBe(false)
  })

test('no depth exhausts the stack', () => {
  expect(fitsJson(nested(200_000))).toBe(true)
})
