import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Incoming, OutgoingMessage } from '../../../src/worker/transports/websocket-codec.ts'
import { partylineCodec } from '../../../src/worker/transports/websocket-partyline-codec.ts'
import type { UpstreamError } from '../../../src/worker/upstream/transport.ts'
import { withoutBase64 } from '../../support/servers/websocket/base64.ts'
import { pack, unpack } from '../../support/servers/websocket/envelope.ts'

const codec = partylineCodec()
const message = { id: 1, channel: 'orders', event: 'created', payload: undefined, textOnly: false }
const bytes = fc.uint8Array({ maxLength: 20_000 })
const id = fc.nat()
const text = fc.string({ unit: 'binary' })

/** What the server makes of a frame. */
function served(frame: string | ArrayBuffer | Uint8Array): unknown {
  return typeof frame === 'string' ? withoutBase64(JSON.parse(frame)) : unpack(Buffer.from(new Uint8Array(frame)))
}

/** JSON's own round trip, with nothing left out. */
const says = (value: object): unknown => JSON.parse(JSON.stringify(value))

describe('what is sent', () => {
  it('arrives as it was, whatever the payload', () => {
    fc.assert(
      fc.property(id, text, text, fc.jsonValue(), fc.option(text, { nil: undefined }), (...given) => {
        const [n, channel, event, payload, key] = given
        const sent: OutgoingMessage = { id: n, channel, event, payload, key, textOnly: false }
        expect(served(codec.encode(sent))).toEqual(says({ type: 'publish', id: n, channel, event, payload, key }))
      }),
    )
  })

  it.each([
    ['as a binary frame', false],
    ['as text where only text goes', true],
  ])('carries bytes %s', (_, textOnly) => {
    fc.assert(
      fc.property(bytes, payload => {
        const frame = codec.encode({ ...message, payload, textOnly })
        expect(typeof frame === 'string').toBe(textOnly)
        expect(served(frame)).toEqual({
          type: 'publish',
          id: 1,
          channel: 'orders',
          event: 'created',
          payload: Buffer.from(payload),
        })
      }),
    )
  })

  it('takes of a view the bytes that it shows', () => {
    const payload = new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)
    expect(served(codec.encode({ ...message, payload }))).toMatchObject({ payload: Buffer.of(2, 3) })
  })

  it.each([{ file: Uint8Array.of(1) }, [new ArrayBuffer(1)]])('refuses bytes within a payload', payload => {
    expect(() => codec.encode({ ...message, payload })).toThrow(expect.objectContaining({ code: 'invalid-payload' }))
  })

  test('asks for nothing that is not known', () => {
    expect(served(codec.join?.({ id: 2, channel: 'orders' }) ?? '')).toEqual({
      type: 'join',
      id: 2,
      channel: 'orders',
      presence: true,
    })
    const { join } = partylineCodec({ presence: channel => channel === 'floor' })
    expect(served(join?.({ id: 2, channel: 'orders', after: 'a-1' }) ?? '')).toEqual({
      type: 'join',
      id: 2,
      channel: 'orders',
      after: 'a-1',
    })
  })

  test('is preceded by credentials where there are some', () => {
    expect(codec.hello?.({ id: 1, credentials: undefined })).toBeUndefined()
    expect(served(codec.hello?.({ id: 1, credentials: { token: 'ann' } }) ?? '')).toEqual({
      type: 'auth',
      id: 1,
      credentials: { token: 'ann' },
    })
  })

  test('goes together as one array where it goes as requests', () => {
    expect(JSON.parse(codec.gather?.(['{"a":1}', '{"b":2}']) ?? '')).toEqual([{ a: 1 }, { b: 2 }])
  })
})

describe('what is heard', () => {
  const hear = (value: object): Incoming | readonly Incoming[] => codec.decode(JSON.stringify(value))

  test('an event is as the server sent it', () => {
    fc.assert(
      fc.property(text, text, fc.jsonValue(), fc.option(text, { nil: undefined }), (...given) => {
        const [channel, event, payload, position] = given
        expect(hear({ type: 'event', channel, event, payload, position })).toEqual({
          type: 'event',
          channel,
          event,
          payload: JSON.parse(JSON.stringify(payload)) as unknown,
          position,
        })
      }),
    )
  })

  test('bytes come as bytes, in a frame of their own or as text', () => {
    fc.assert(
      fc.property(bytes, payload => {
        const header = { type: 'event', channel: 'orders', event: 'part', position: 'a-1' }
        const frame = Uint8Array.from(pack({ ...header, payload })).buffer
        const heard = { ...header, payload: Uint8Array.from(payload).buffer }
        expect(codec.decode(frame)).toEqual(heard)
        expect(hear({ ...header, payloadBase64: Buffer.from(payload).toString('base64') })).toEqual(heard)
      }),
    )
  })

  test.each([
    [
      { recovered: true, position: 'a-3' },
      { continuity: { verdict: 'recovered' }, position: 'a-3' },
    ],
    [{ recovered: false, missed: 3 }, { continuity: { verdict: 'gap', missed: 3 } }],
    [{ recovered: false }, { continuity: { verdict: 'gap' } }],
    [{}, {}],
  ])('an answer to a join with %j says %j', (fields, says_) => {
    expect(hear({ type: 'ack', id: 1, ok: true, ...fields })).toEqual({ type: 'ack', id: 1, ...says_ })
  })

  test.each([
    ['refused', 'refused'],
    ['bad-message', 'refused'],
    ['rate-limited', 'rate-limited'],
    ['unavailable', 'network'],
    ['of another version', 'refused'],
  ])('a refusal that is %j counts as %s', (code, kind) => {
    const error = { code, message: 'no', retryAfterMs: 5, details: { why: 'so' } }
    expect(hear({ type: 'ack', id: 1, ok: false, error })).toEqual({
      type: 'refused',
      id: 1,
      error: expect.objectContaining({ kind, message: 'no', retryAfterMs: 5, details: { why: 'so' } }) as UpstreamError,
    })
  })

  test.each([
    [{ state: { ann: { at: 1 } } }, { kind: 'state', members: [{ id: 'ann', states: [{ at: 1 }] }] }],
    [{ joined: { bob: null } }, { kind: 'diff', present: [{ id: 'bob', states: [null] }], gone: [] }],
    [{ left: ['ann'] }, { kind: 'diff', present: [], gone: ['ann'] }],
  ])('presence with %j is %j', (fields, change) => {
    expect(hear({ type: 'presence', channel: 'floor', ...fields })).toEqual({
      type: 'presence',
      channel: 'floor',
      change,
    })
  })

  test('the end of a connection without a socket is as with one', () => {
    expect(hear({ type: 'close', code: 4401, reason: 'no' })).toEqual({ type: 'closing', code: 4401, reason: 'no' })
    expect(hear({ type: 'close' })).toEqual({ type: 'closing', code: 1005, reason: '' })
  })

  test('anything else is malformed, and nothing throws', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array().map(given => Uint8Array.from(given).buffer),
      fc
        .record({ type: fc.constantFrom('ack', 'event', 'presence', 'left', 'close', 'open'), id: fc.anything() })
        .map(value => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(anything, frame => {
        const heard = codec.decode(frame) as Incoming
        const isKnown = ['malformed', 'ack', 'closing', 'stream'].includes(heard.type)
        expect(isKnown || heard.type === 'pong').toBe(true)
      }),
    )
  })
})
