import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromWorkerName, toWorkerName } from '../../src/protocol/index.ts'

const address = fc.record({
  scope: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  generation: fc.nat(),
})

test('a broker reads from its name the address that the client wrote, whatever characters the scope has', () => {
  fc.assert(
    fc.property(address, given => {
      expect(fromWorkerName(toWorkerName(given))).toEqual(given)
    }),
  )
})

test('two addresses never have the same name', () => {
  fc.assert(
    fc.property(address, address, (one, other) => {
      const isSame = one.scope === other.scope && one.generation === other.generation
      expect(toWorkerName(one) === toWorkerName(other)).toBe(isSame)
    }),
  )
})

test.each([
  '',
  'app',
  'partyline/1',
  'partyline/1:1',
  'partyline/1::ann',
  'partyline/1:x:ann',
  'partyline/1:-1:ann',
  'other/1:1:ann',
  'partyline:1:ann',
  'partyline/1:1:',
  'partyline/1:1:%',
  'partyline/1:1:%FF',
])('the name %j, which the client did not give, is refused with the way out', name => {
  expect(() => fromWorkerName(name)).toThrow(
    expect.objectContaining({
      code: 'bad-options',
      message: expect.stringMatching(
        /^the worker's name is ".*"; open it with the options that connect\(\) hands over/,
      ),
    }),
  )
})

test.each(['partyline/2:1:ann', 'partyline/10:1:ann', 'partyline/2'])(
  'the name %j, which a client of another major version gave, is refused with what helps',
  name => {
    expect(() => fromWorkerName(name)).toThrow(expect.objectContaining({ code: 'update-required', retryable: false }))
  },
)
