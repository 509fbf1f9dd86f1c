import { describe, expect, test } from 'vitest'
import {
  readAcknowledgement,
  readArguments,
  toLossError,
  toOpenError,
} from '../../src/worker/transports/socket-io-reading.ts'

/** An error with the fields that socket.io-client adds. */
const withFields = (fields: object): Error => Object.assign(new Error('no'), fields)

describe('why it could not open', () => {
  test.each<[string, object, object]>([
    ['the network, when the transport failed', { type: 'TransportError' }, { kind: 'network' }],
    [
      'the network, at a status that says nothing of us',
      { type: 'TransportError', description: 503 },
      { kind: 'network' },
    ],
    ['credentials, at 401', { type: 'TransportError', description: 401 }, { kind: 'credentials' }],
    ['credentials, at 403', { type: 'TransportError', description: 403 }, { kind: 'credentials' }],
    ['too many, at 429', { type: 'TransportError', description: 429 }, { kind: 'rate-limited' }],
    ['credentials, when a middleware refused', {}, { kind: 'credentials', message: 'no', details: undefined }],
    ['with what the middleware said', { data: { why: 'old' } }, { kind: 'credentials', details: { why: 'old' } }],
    [
      'too many, when it says how long to wait',
      { data: { retryAfterMs: 500 } },
      { kind: 'rate-limited', retryAfterMs: 500 },
    ],
    ['credentials, when that is no number', { data: { retryAfterMs: 'soon' } }, { kind: 'credentials' }],
    ['credentials, when its data is null', { data: null }, { kind: 'credentials', details: null }],
  ])('%s', (_, fields, error) => expect(toOpenError(withFields(fields))).toMatchObject(error))
})

describe('why it was lost', () => {
  test.each<[string, string, unknown, string]>([
    ['the server ended this one', 'io server disconnect', undefined, 'server-closed'],
    ['the server is going away', 'transport close', { context: { code: 1001 } }, 'server-restart'],
    ['the service restarts', 'transport close', { context: { code: 1012 } }, 'server-restart'],
    ['any other close code', 'transport close', { context: { code: 1006 } }, 'network'],
    ['no code', 'ping timeout', undefined, 'network'],
    ['details of another form', 'transport error', 'details', 'network'],
    ['no context', 'transport close', { context: null }, 'network'],
  ])('%s', (_, reason, details, kind) => expect(toLossError(reason, details)).toMatchObject({ kind }))
})

describe('an acknowledgement', () => {
  test.each([undefined, null, 'done', 5, {}, { ok: true }, { ok: true, id: 7 }, { error: null }, []])(
    '%j is an answer',
    reply => expect(readAcknowledgement(reply)).toBe(reply),
  )

  test.each<[unknown, string]>([
    [{ ok: false }, 'no reason given'],
    [{ ok: false, error: 'full' }, 'full'],
    [{ error: 'full' }, 'full'],
    [{ ok: true, error: 'both' }, 'both'],
    [{ error: { code: 5 } }, 'no reason given'],
  ])('%j is a refusal', (reply, message) => {
    expect(() => readAcknowledgement(reply)).toThrow(
      expect.objectContaining({ kind: 'refused', message, details: reply }),
    )
  })
})

describe("an event's arguments", () => {
  const NOW = 1_712_345_678_901
  const yeast = 'OwlmOGr'

  test.each<[string, readonly unknown[], boolean, object]>([
    ['none', [], true, { payload: undefined }],
    ['a payload', [{ a: 1 }], true, { payload: { a: 1 } }],
    ['more', ['a', 'b', 'c'], true, { payload: 'a', rest: ['b', 'c'] }],
    ['a callback, which nobody can answer', ['a', () => {}], true, { payload: 'a' }],
    ["the in-memory adapter's offset", ['a', yeast], true, { payload: 'a', position: yeast }],
    ['its longer form', ['a', `${yeast}.1`], true, { payload: 'a', position: `${yeast}.1` }],
    [
      "the Redis streams adapter's offset",
      ['a', '1712345678901-0'],
      true,
      { payload: 'a', position: '1712345678901-0' },
    ],
    ['more and an offset', ['a', 'b', yeast], true, { payload: 'a', rest: ['b'], position: yeast }],
    ['an offset before a callback', ['a', yeast, () => {}], true, { payload: 'a', position: yeast }],
    ['an offset alone', [yeast], true, { position: yeast }],
    ['a text of the same length', ['room1', 'Margaret'], true, { payload: 'room1', rest: ['Margaret'] }],
    ['a word of seven letters', ['room1', 'Michael'], true, { payload: 'room1', rest: ['Michael'] }],
    ['an old order number', ['a', '1612345678901-0'], true, { payload: 'a', rest: ['1612345678901-0'] }],
    ['no offset without recovery', ['a', yeast], false, { payload: 'a', rest: [yeast] }],
    ['a text that does not look like one', ['a', 'hello world'], true, { payload: 'a', rest: ['hello world'] }],
  ])('%s', (_, args, recovery, read) => {
    expect(readArguments(args, recovery, NOW)).toEqual({
      payload: undefined,
      position: undefined,
      rest: undefined,
      ...read,
    })
  })
})
