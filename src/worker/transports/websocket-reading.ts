/** Between a codec's words and the transport's: channels are ids there, and what a codec returns is not trusted. */
import {
  describe,
  fromChannelId,
  toChannelId,
  type ChannelAddress,
  type ChannelParams,
  type Continuity,
} from '../../protocol/index.ts'
import { UpstreamError } from '../upstream/transport.ts'
import type { Codec, Incoming } from './websocket-codec.ts'

/** {@link Incoming}, with the channel's id. */
export type Read = WithId<Incoming>

type WithId<T> = T extends { readonly channel: string | ChannelAddress }
  ? Omit<T, 'channel'> & { readonly channel: string }
  : T

/** What is told of a channel. */
export type ToldChannel =
  | Extract<Read, { readonly type: 'event' | 'continuity' | 'left' | 'presence' }>
  | {
      readonly type: 'joined'
      readonly channel: string
      readonly position?: string | undefined
      readonly continuity?: Continuity | undefined
    }

export function toOutgoingChannel(
  id: number,
  channel: string,
): { readonly id: number; readonly channel: string; readonly params?: ChannelParams | undefined } {
  const { name, params } = fromChannelId(channel)
  return { id, channel: name, params }
}

/** Never throws, whatever the codec does. */
export function readIncoming(codec: Codec, data: string | ArrayBuffer): readonly Read[] {
  try {
    const decoded: unknown = codec.decode(data)
    return (Array.isArray(decoded) ? decoded : [decoded]).map(one => read(one))
  } catch (error) {
    return [malformed('unreadable', describe(error))]
  }
}

type Fields = { readonly [name: string]: unknown }

function read(value: unknown): Read {
  if (typeof value !== 'object' || value === null) return malformed('unreadable', 'the codec returned no message')
  const fields = value as Fields
  const problem = problemOf(fields)
  if (problem !== undefined) return malformed('unreadable', `${problem} of ${JSON.stringify(fields['type'])} is wrong`)
  const { channel } = fields
  return (typeof channel === 'object' ? { ...fields, channel: toChannelId(channel as ChannelAddress) } : value) as Read
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNothing = (value: unknown): boolean => value === undefined || isText(value)
const isId = (value: unknown): boolean => typeof value === 'number'
const isError = (value: unknown): boolean => value instanceof UpstreamError
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
const isChannel = (value: unknown): boolean => isText(value) || (isObject(value) && isText((value as Fields)['name']))

type Check = (value: unknown, fields: Fields) => boolean

const CHECKS: { readonly [type in Incoming['type']]: { readonly [field: string]: Check } } = {
  welcome: {},
  event: { channel: isChannel, event: isText, position: isTextOrNothing, except: isTextOrNothing },
  ack: { id: isId, position: isTextOrNothing },
  refused: { id: (id, { channel }) => isId(id) || isChannel(channel), error: isError },
  joined: { channel: isChannel, position: isTextOrNothing },
  continuity: { channel: isChannel, continuity: isObject },
  presence: { channel: isChannel, change: isObject },
  left: { channel: isChannel, error: isError },
  ping: {},
  pong: {},
  error: { error: isError },
  closing: { code: isId, reason: isText },
  stream: {},
  malformed: { kind: isText, detail: isText },
}

/** The field that is not as it should be. */
function problemOf(fields: Fields): string | undefined {
  const { type } = fields
  if (typeof type !== 'string' || !Object.hasOwn(CHECKS, type)) return 'the type'
  const checks = CHECKS[type as Incoming['type']]
  return Object.keys(checks).find(name => checks[name]?.(fields[name], fields) === false)
}

function malformed(kind: string, detail: string): Read {
  return { type: 'malformed', kind, detail }
}
