import { TextDecoder } from 'node:util'

/** Of the serializer: 1 has objects, 2 has arrays, and broadcasts in a binary form of their own. */
export type Version = 1 | 2

export interface Frame {
  readonly joinRef: string | null
  readonly ref: string | null
  readonly topic: string
  readonly event: string
  readonly payload: unknown
}

/** What a client broadcasts: its payload passes through the server as the bytes that it came in. */
export interface RawBroadcast {
  readonly event: string
  readonly encoding: 'json' | 'binary'
  readonly body: Buffer
}

/** The payload of a frame with a broadcast in binary form. */
export class BroadcastPush {
  readonly broadcast: RawBroadcast

  constructor(broadcast: RawBroadcast) {
    this.broadcast = broadcast
  }
}

const clientBroadcast = 3
const serverBroadcast = 4
const strict = new TextDecoder('utf-8', { fatal: true })

/** @throws Error with a sentence for a frame that is none */
export function decodeFrame(version: Version, data: Buffer, isBinary: boolean): Frame {
  if (isBinary) return decodeBroadcast(data)
  const value: unknown = JSON.parse(strict.decode(data))
  const [joinRef, ref, topic, event, payload] = version === 2 ? parts(value) : fields(value)
  if (typeof topic !== 'string' || typeof event !== 'string') throw new Error('a frame has a topic and an event')
  return { joinRef: toRef(joinRef), ref: toRef(ref), topic, event, payload }
}

export function encodeFrame(version: Version, { joinRef, ref, topic, event, payload }: Frame): string {
  return version === 2
    ? JSON.stringify([joinRef, ref, topic, event, payload])
    : JSON.stringify({ topic, event, payload, ref, join_ref: joinRef })
}

/** Undefined for what the version cannot carry: bytes in version 1, a name of more than 255 bytes in version 2. */
export function encodeBroadcast(version: Version, topic: string, broadcast: RawBroadcast): string | Buffer | undefined {
  const { event, encoding, body } = broadcast
  if (version === 2) {
    const head = [Buffer.from(topic), Buffer.from(event), Buffer.alloc(0)]
    const lengths = head.map(({ length }) => length)
    if (lengths.some(length => length > 255)) return undefined
    return Buffer.concat([Buffer.from([serverBroadcast, ...lengths, encoding === 'json' ? 1 : 0]), ...head, body])
  }
  if (encoding === 'binary') return undefined
  const payload = { type: 'broadcast', event, payload: JSON.parse(body.toString()) as unknown }
  return encodeFrame(version, { joinRef: null, ref: null, topic, event: 'broadcast', payload })
}

function decodeBroadcast(data: Buffer): Frame {
  const [kind, ...lengths] = data.subarray(0, 6)
  const encoding = data[6]
  if (kind !== clientBroadcast || encoding === undefined) throw new Error(`no binary frame of kind ${kind} is known`)
  let offset = 7
  const take = (length: number): string => {
    const bytes = data.subarray(offset, offset + length)
    if (bytes.length < length) throw new Error('a binary frame ends before its head does')
    offset += length
    return strict.decode(bytes)
  }
  const [joinRef = '', ref = '', topic = '', event = '', metadata = ''] = lengths.map(take)
  if (metadata !== '') JSON.parse(metadata)
  const body = data.subarray(offset)
  if (encoding === 1) JSON.parse(strict.decode(body))
  const broadcast = { event, encoding: encoding === 1 ? 'json' : 'binary', body } as const
  return {
    joinRef: joinRef || null,
    ref: ref || null,
    topic,
    event: 'broadcast',
    payload: new BroadcastPush(broadcast),
  }
}

function parts(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length < 5) throw new Error('a frame of version 2 is an array of five')
  return value as unknown[]
}

function fields(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) throw new Error('a frame of version 1 is an object')
  const { join_ref, ref, topic, event, payload } = value as Readonly<Record<string, unknown>>
  return [join_ref, ref, topic, event, payload]
}

const toRef = (value: unknown): string | null =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : null
