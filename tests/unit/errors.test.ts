import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describe as describeError, fromWireError, PartylineError, toWireError } from '../../src/protocol/index.ts'

const anything = fc.anything({ withNullPrototype: true, withMap: true, withBigInt: true })
const nearlyRight = fc.record(
  { code: anything, message: anything, retryable: anything, details: anything, cause: anything },
  { requiredKeys: [] },
)

test('code, message, retryable and details cross a port unchanged', () => {
  const sent = new PartylineError('rejected', 'the server refused', { retryable: true, details: { reason: 'full' } })
  const got = fromWireError(structuredClone(toWireError(sent)))
  expect(got).toBeInstanceOf(PartylineError)
  expect(got).toMatchObject({
    name: 'PartylineError',
    code: 'rejected',
    message: 'the server refused',
    retryable: true,
    details: { reason: 'full' },
  })
})

test('a cause crosses as text, and none stays none', () => {
  const caused = new PartylineError('internal', 'it broke', { cause: new TypeError('no such thing') })
  expect(fromWireError(toWireError(caused)).cause).toBe('TypeError: no such thing')
  expect(fromWireError(toWireError(new PartylineError('internal', 'it broke'))).cause).toBeUndefined()
})

test('something else that was thrown becomes `internal`, not retryable, with what it was as message and cause', () => {
  expect(toWireError(new RangeError('too far'))).toEqual({
    code: 'internal',
    message: 'RangeError: too far',
    retryable: false,
    cause: 'RangeError: too far',
  })
  expect(toWireError('just text')).toMatchObject({ code: 'internal', message: 'just text' })
})

test('a code of a newer broker is passed on as it is', () => {
  expect(fromWireError({ code: 'not-invented-yet', message: 'new', retryable: true })).toMatchObject({
    code: 'not-invented-yet',
    retryable: true,
  })
})

test('whatever comes over a port as an error becomes a PartylineError', () => {
  fc.assert(
    fc.property(fc.oneof(anything, nearlyRight), value => {
      const error = fromWireError(value)
      expect(error).toBeInstanceOf(PartylineError)
      expect(typeof error.message).toBe('string')
      expect(typeof error.retryable).toBe('boolean')
    }),
  )
})

test('whatever was thrown can be described and sent', () => {
  fc.assert(
    fc.property(anything, thrown => {
      expect(typeof describeError(thrown)).toBe('string')
      expect(structuredClone(toWireError(thrown)).code).toBe('internal')
    }),
  )
})
