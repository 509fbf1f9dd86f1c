import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PartylineError } from '../../src/protocol/index.ts'
import { parseRow, type Row } from '../../src/outbox/row.ts'

const message: Row = {
  seq: 1,
  key: 'k',
  lane: 'orders',
  kind: 'message',
  state: 'waiting',
  attempts: 0,
  bytes: 10,
  createdAt: 1,
  body: { kind: 'message', channel: 'orders', event: 'said', payload: undefined },
}
const request: Row = {
  ...message,
  kind: 'request',
  expiresAt: 5,
  coalesce: 'c',
  body: {
    kind: 'request',
    url: '/orders',
    method: 'POST',
    headers: [['accept', '*/*']],
    body: new ArrayBuffer(1),
    credentials: 'omit',
  },
}
const dead: Row = {
  ...message,
  state: 'dead',
  died: { at: 2, why: 'expired', error: { code: 'expired', message: 'too late', retryable: false } },
}

function parsedOrRefused(row: object): Row | PartylineError {
  try {
    return parseRow(row)
  } catch (error) {
    return error as PartylineError
  }
}

const refusal = (seq: unknown) =>
  expect.objectContaining({
    code: 'bad-message',
    message: `row ${String(seq)} of the outbox is not one of its entries`,
  })

test.each<[string, Row]>([
  ['a message', message],
  ['a request', request],
  ['a dead letter', dead],
])('%s is read as it is', (_, row) => {
  expect(parseRow(row)).toBe(row)
})

describe('a row is refused', () => {
  test.each<[string, object]>([
    ['without a number', { ...message, seq: 'one' }],
    ['without a key', { ...message, key: undefined }],
    ['in no lane', { ...message, lane: 7 }],
    ['in no state', { ...message, state: 'gone' }],
    ['of no kind', { ...message, kind: undefined }],
    ['whose body is of another kind', { ...message, kind: 'request' }],
    ['without a body', { ...message, body: null }],
    ['with a negative size', { ...message, bytes: -1 }],
    ['with a size that is no number', { ...message, bytes: Number.NaN }],
    ['with a size that nothing has', { ...message, bytes: Infinity }],
    ['with attempts that cannot be counted', { ...message, attempts: '1' }],
    ['with an expiry that is no time', { ...message, expiresAt: 'soon' }],
    ['that waits and has died', { ...dead, state: 'waiting' }],
    ['that has died of nothing', { ...dead, died: undefined }],
    ['that has died of an unknown cause', { ...dead, died: { ...dead.died, why: 'age' } }],
    ['that has died without an error', { ...dead, died: { ...dead.died, error: null } }],
    ['for no address', { ...request, body: { ...request.body, url: null } }],
    ['with half a header', { ...request, body: { ...request.body, headers: [['accept']] } }],
    ['with credentials of no sort', { ...request, body: { ...request.body, credentials: 'all' } }],
    ['with a body of text', { ...request, body: { ...request.body, body: 'text' } }],
  ])('%s', (_, row) => {
    expect(() => parseRow(row)).toThrow(refusal((row as Row).seq))
  })

  test('when it is garbage', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }), value => {
        expect(() => parseRow(value)).toThrow(expect.objectContaining({ code: 'bad-message' }))
      }),
    )
  })

  test('when one of its fields is garbage, or it is an entry that can be sent', () => {
    const fields = fc.constantFrom(...Object.keys(request).filter(field => field !== 'body'))
    fc.assert(
      fc.property(fields, fc.anything(), (field, value) => {
        const parsed = parsedOrRefused({ ...request, [field]: value })
        if (parsed instanceof PartylineError) return parsed.code === 'bad-message'
        const numbers = [parsed.seq, parsed.attempts, parsed.bytes, parsed.createdAt]
        const texts = [parsed.key, parsed.lane, parsed.state]
        return numbers.every(Number.isFinite) && texts.every(text => typeof text === 'string')
      }),
    )
  })
})
