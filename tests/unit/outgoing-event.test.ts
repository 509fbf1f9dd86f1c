import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { measure } from '../../src/lib/index.ts'
import { toOutgoing } from '../../src/worker/routing/outgoing-event.ts'

const large = { text: 'x'.repeat(2_000) }
const small = { text: 'x' }

const event = (payload: unknown, rest: object = {}) => ({ channel: 'orders', event: 'created', payload, ...rest })

function nestedArrays(depth: number): unknown {
  let nested: unknown = 'bottom'
  for (let level = 0; level < depth; level++) nested = [nested]
  return nested
}

describe('an event on its way', () => {
  test.each([
    ['large', large],
    ['small', small],
  ])('goes as one JSON text when it is for several tabs and %s', (_, payload) => {
    const text = JSON.stringify([3, 'created', payload, '7'])
    const outgoing = toOutgoing(3, event(payload, { position: '7' }), 2)
    expect(outgoing).toMatchObject({ ref: 3, text })
    expect(outgoing.bytes).toBeGreaterThan(text.length)
  })

  test.each([
    ['when it is for one tab', large, 1],
    ['when JSON would change it', { ...large, at: new Date() }, 2],
    ['when it is undefined', undefined, 2],
  ])('goes as it is %s', (_, payload, receivers) => {
    expect(toOutgoing(3, event(payload), receivers)).toMatchObject({ item: [3, 'created', payload] })
  })

  test('goes as it is when it is nested deeper than JSON can write', () => {
    const payload = nestedArrays(200_000)
    expect(toOutgoing(3, event(payload), 2)).toHaveProperty('item')
  })

  test('carries its position and what came with it, and counts their size', () => {
    const bare = toOutgoing(1, event(small), 1)
    expect(toOutgoing(1, event(small, { position: '7' }), 1)).toMatchObject({ item: [1, 'created', small, '7'] })
    const withRest = toOutgoing(1, event(small, { rest: ['y'.repeat(500)] }), 1)
    expect(withRest).toMatchObject({ item: [1, 'created', small, undefined, ['y'.repeat(500)]] })
    expect(withRest.bytes - bare.bytes).toBeGreaterThanOrEqual(500)
  })
})

describe('plain is what JSON gives back as it was', () => {
  test.each<[string, unknown]>([
    ['text', 'a'],
    ['a number', 1.5],
    ['true', true],
    ['null', null],
    ['nested arrays and objects', { a: [1, { b: [] }], c: {} }],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ])('%s', (_, value) => expect(measure(value).plain).toBe(true))

  const cyclic: unknown[] = []
  cyclic.push({ cyclic })
  const twice = { a: 1 }

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['an undefined field', { a: undefined }],
    ['a hole', new Array(2)],
    ['NaN', [Number.NaN]],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['minus zero', -0],
    ['a bigint', 1n],
    ['a Date', new Date(0)],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['binary', new Uint8Array(4)],
    ['a buffer', new ArrayBuffer(4)],
    ['a RegExp', /a/],
    ['an Error', new Error('a')],
    ['an instance of a class', new URLSearchParams()],
    ['something with toJSON', { toJSON: () => 1 }],
    ['a cycle', cyclic],
    ['the same object twice, which a clone keeps the same', [twice, twice]],
    ['a function', () => {}],
  ])('not %s', (_, value) => {
    expect(measure(value).plain).toBe(false)
    expect(measure({ deep: [value] }).plain).toBe(false)
  })

  test('whatever is plain comes out of JSON as it comes out of a clone', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    })
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), value => {
        if (!measure(value).plain) return
        expect(JSON.parse(JSON.stringify(value))).toStrictEqual(structuredClone(value))
      }),
      { numRuns: 1_000 },
    )
  })

  test('all that came as JSON is plain', () => {
    fc.assert(
      fc.property(fc.json(), json => {
        expect(measure(JSON.parse(json)).plain).toBe(true)
      }),
    )
  })
})

describe('size', () => {
  test('counts text by its length and keys with their values', () => {
    expect(measure('x'.repeat(100)).bytes).toBe(100)
    expect(measure({ ['k'.repeat(50)]: 'x'.repeat(100) }).bytes).toBeGreaterThanOrEqual(150)
  })

  test('counts binary by its bytes', () => {
    expect(measure(new Uint8Array(5_000)).bytes).toBeGreaterThanOrEqual(5_000)
    expect(measure(new ArrayBuffer(5_000)).bytes).toBeGreaterThanOrEqual(5_000)
  })

  test('counts a shared object once and ends at a cycle', () => {
    const text = { text: 'x'.repeat(1_000) }
    expect(measure([text, text]).bytes).toBeLessThan(2_000)
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    expect(measure(cyclic).bytes).toBeLessThan(100)
  })

  test('no depth of nesting exhausts the stack', () => {
    expect(measure(nestedArrays(200_000)).plain).toBe(true)
  })

  test('a big array is measured entry by entry', () => {
    expect(measure(Array.from({ length: 100_000 }, (_, n) => n)).bytes).toBeGreaterThanOrEqual(800_000)
  })
})
