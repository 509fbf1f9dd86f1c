import { PartylineError, type Continuity, type Member, type PresenceChange } from '../../protocol/index.ts'
import { UpstreamError, type CauseKind } from '../upstream/transport.ts'
import { fromBase64, pack, toBase64, toBytes, unpack } from './websocket-bytes.ts'
import type { Codec, Frame, Incoming, OutgoingMessage } from './websocket-codec.ts'

export interface PartylineCodecOptions {
  /** Whether a channel is joined with the news of who is there. @default () => true */
  readonly presence?: (channel: string) => boolean
}

/** The protocol of docs/websocket-protocol.md. */
export function partylineCodec({ presence = () => true }: PartylineCodecOptions = {}): Codec {
  return {
    subprotocols: ['partyline.v1'],
    offers: { acknowledgement: true, recovery: true, binary: true },
    resumesStreams: true,
    encode: encodeMessage,
    decode,
    hello: ({ id, credentials }) => (credentials === undefined ? undefined : text({ type: 'auth', id, credentials })),
    renew: ({ id, credentials }) => text({ type: 'auth', id, credentials }),
    join: ({ id, channel, after }) =>
      text({ type: 'join', id, channel, after, ...(presence(channel) && { presence: true }) }),
    leave: ({ id, channel }) => text({ type: 'leave', id, channel }),
    track: ({ id, channel, state }) => text({ type: 'track', id, channel, state }),
    untrack: ({ id, channel }) => text({ type: 'untrack', id, channel }),
    ping: () => text({ type: 'ping' }),
    gather: frames => `[${frames.join()}]`,
    bye: () => text({ type: 'close' }),
  }
}

function encodeMessage({ id, channel, event, payload, key, textOnly }: OutgoingMessage): Frame {
  const header = { type: 'publish', id, channel, event, key }
  const bytes = toBytes(payload)
  if (bytes === undefined) return text({ ...header, payload })
  return textOnly ? text({ ...header, payloadBase64: toBase64(bytes) }) : pack(header, bytes)
}

/** @throws PartylineError `invalid-payload` for bytes within: JSON would make something else of them without a word */
function text(message: object): string {
  return JSON.stringify(message, (_name, value: unknown) => {
    if (toBytes(value) === undefined) return value
    throw new PartylineError('invalid-payload', 'bytes can be a payload, but not a part of one')
  })
}

type Fields = { readonly [name: string]: unknown }

/** A frame that is not of the protocol: what is wrong with it, as one of few words and as a sentence. */
class BadFrame extends Error {
  readonly kind: string

  constructor(kind: string, detail: string) {
    super(detail)
    this.kind = kind
  }
}

function decode(data: string | ArrayBuffer): Incoming {
  try {
    return read(toFields(data))
  } catch (error) {
    const { message } = error as Error
    return { type: 'malformed', kind: error instanceof BadFrame ? error.kind : 'not-json', detail: message }
  }
}

function toFields(data: string | ArrayBuffer): Fields {
  if (typeof data === 'string') return anObject(JSON.parse(data), 'a message')
  const { header, payload } = unpack(data)
  return { ...anObject(header, 'a header'), payload }
}

function read(message: Fields): Incoming {
  switch (message['type']) {
    case 'ack':
      return readAck(message)
    case 'event':
      return {
        type: 'event',
        channel: aText(message, 'channel'),
        event: aText(message, 'event'),
        payload: readPayload(message),
        position: aTextOrNothing(message, 'position'),
      }
    case 'presence':
      return { type: 'presence', channel: aText(message, 'channel'), change: readPresence(message) }
    case 'left':
      return { type: 'left', channel: aText(message, 'channel'), error: readRefusal(message['error']) }
    case 'pong':
      return { type: 'pong' }
    case 'open':
      return { type: 'stream', resumed: message['resumed'] === true }
    case 'close':
      return {
        type: 'closing',
        code: message['code'] === undefined ? NO_CODE : aNumber(message, 'code'),
        reason: aTextOrNothing(message, 'reason') ?? '',
      }
    default:
      throw new BadFrame('unknown-type', `there is no type ${JSON.stringify(message['type'])}`)
  }
}

/** As a browser says of a socket that was closed without one. */
const NO_CODE = 1005

function readPayload({ payload, payloadBase64 }: Fields): unknown {
  return typeof payloadBase64 === 'string' ? fromBase64(payloadBase64) : payload
}

function readAck(message: Fields): Incoming {
  const id = aNumber(message, 'id')
  if (message['ok'] !== true) return { type: 'refused', id, error: readRefusal(message['error']) }
  const { reply } = message
  return { type: 'ack', id, reply, position: aTextOrNothing(message, 'position'), continuity: readContinuity(message) }
}

function readContinuity({ recovered, missed }: Fields): Continuity | undefined {
  if (recovered === undefined) return undefined
  if (recovered === true) return { verdict: 'recovered' }
  return { verdict: 'gap', ...(typeof missed === 'number' && { missed }) }
}

function readPresence({ state, joined, left }: Fields): PresenceChange {
  if (state !== undefined) return { kind: 'state', members: toMembers(state) }
  const gone = Array.isArray(left) ? left.map(String) : []
  return { kind: 'diff', present: joined === undefined ? [] : toMembers(joined), gone }
}

function toMembers(value: unknown): readonly Member[] {
  return Object.entries(anObject(value, 'members')).map(([id, state]) => ({ id, states: [state] }))
}

const KINDS: { readonly [code: string]: CauseKind } = {
  refused: 'refused',
  'bad-message': 'refused',
  'rate-limited': 'rate-limited',
  unavailable: 'network',
}

function readRefusal(value: unknown): UpstreamError {
  const refusal = anObject(value, 'error')
  const { message, retryAfterMs, details } = refusal
  const kind = KINDS[aText(refusal, 'code')] ?? 'refused'
  return new UpstreamError(kind, typeof message === 'string' ? message : 'no reason given', {
    details: details ?? refusal,
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
  })
}

function anObject(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new BadFrame('bad-field', `${what} is to be an object`)
}

function aText(fields: Fields, name: string): string {
  const value = aTextOrNothing(fields, name)
  if (value !== undefined) return value
  throw new BadFrame('bad-field', `${name} is missing in ${JSON.stringify(fields['type'] ?? 'an error')}`)
}

function aTextOrNothing(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === 'string') return value
  throw new BadFrame('bad-field', `${name} is to be a text`)
}

function aNumber(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value === 'number') return value
  throw new BadFrame('bad-field', `${name} is to be a number`)
}
