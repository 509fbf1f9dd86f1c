/** What a Pusher server says, read once. pusher-js has taken the JSON apart, and trusts what is in it. */
import type { Member, PresenceChange } from '../../protocol/index.ts'
import { UpstreamError } from '../upstream/transport.ts'
import { malformedAmong, type Malformed } from './malformed.ts'
import { isServerChannel } from './pusher-channel-kind.ts'

export type ServerMessage =
  /** `members`: with a presence channel, who is in it. */
  | { readonly kind: 'joined'; readonly channel: string; readonly members: readonly Member[] | undefined }
  | { readonly kind: 'join-refused'; readonly channel: string; readonly error: UpstreamError }
  | { readonly kind: 'presence'; readonly channel: string; readonly change: PresenceChange }
  | {
      readonly kind: 'event'
      readonly channel: string
      readonly event: string
      readonly payload: unknown
      /** Of which member of a presence channel it is. */
      readonly userId: string | undefined
    }
  | { readonly kind: 'signed-in'; readonly userId: string }
  | { readonly kind: 'watchlist'; readonly changes: readonly WatchlistChange[] }
  /** Something that the client sent was in vain; which is not said. */
  | { readonly kind: 'error'; readonly text: string }
  /** For the library itself. */
  | { readonly kind: 'housekeeping' }
  | Malformed

export interface WatchlistChange {
  readonly name: 'online' | 'offline'
  readonly userIds: readonly string[]
}

type Fields = { readonly [name: string]: unknown }

const malformed = malformedAmong(
  new Set([
    'no-event',
    'no-channel',
    'pusher:signin_success',
    'pusher_internal:watchlist_events',
    'pusher_internal:subscription_succeeded',
    'pusher_internal:member_added',
    'pusher_internal:member_removed',
    'pusher_internal:subscription_count',
  ]),
)

/** Who of the watched users is online now, or is not. */
export function toPresenceChange({ name, userIds }: WatchlistChange): PresenceChange {
  return name === 'online'
    ? { kind: 'diff', present: userIds.map(id => ({ id, states: [] })), gone: [] }
    : { kind: 'diff', present: [], gone: userIds }
}

/** @param message as pusher-js hands it over: `{ event, channel, data, user_id }`, with `data` parsed where it is JSON */
export function readMessage(message: unknown): ServerMessage {
  const { event, channel, data, user_id: userId } = fields(message)
  if (typeof event !== 'string') return malformed('no-event', message)
  if (typeof channel === 'string')
    return isServerChannel(channel)
      ? (ofChannel(channel, event, data, userId) ?? malformed(event, message))
      : malformed('no-channel', message)
  return ofConnection(event, data) ?? malformed(isOwn(event) ? event : 'no-channel', message)
}

/** `undefined` for what makes no sense. */
function ofConnection(event: string, data: unknown): ServerMessage | undefined {
  switch (event) {
    case 'pusher:ping':
    case 'pusher:pong':
    case 'pusher:connection_established':
      return { kind: 'housekeeping' }
    case 'pusher:error': {
      const { code, message } = fields(data)
      return { kind: 'error', text: `${toText(message)} (${toText(code)})` }
    }
    case 'pusher:signin_success': {
      const userId = fields(parsed(fields(data)['user_data']))['id']
      return typeof userId === 'string' && userId !== '' ? { kind: 'signed-in', userId } : undefined
    }
    case 'pusher_internal:watchlist_events': {
      const { events } = fields(data)
      const changes = Array.isArray(events) ? events.map(readChange) : [undefined]
      return isComplete(changes) ? { kind: 'watchlist', changes } : undefined
    }
    default:
      return undefined
  }
}

function ofChannel(channel: string, event: string, data: unknown, userId: unknown): ServerMessage | undefined {
  switch (event) {
    case 'pusher_internal:subscription_succeeded':
      return joined(channel, fields(data)['presence'])
    case 'pusher:subscription_error':
      return { kind: 'join-refused', channel, error: toJoinError(data) }
    case 'pusher_internal:member_added': {
      const { user_id: id, user_info: info } = fields(data)
      return isId(id) ? came(channel, [toMember(id, info)]) : undefined
    }
    case 'pusher_internal:member_removed': {
      const { user_id: id } = fields(data)
      return isId(id) ? went(channel, [String(id)]) : undefined
    }
    case 'pusher_internal:subscription_count':
      return typeof fields(data)['subscription_count'] === 'number'
        ? { kind: 'event', channel, event: 'pusher:subscription_count', payload: data, userId: undefined }
        : undefined
    default:
      return event.startsWith('pusher_internal:')
        ? undefined
        : { kind: 'event', channel, event, payload: data, userId: typeof userId === 'string' ? userId : undefined }
  }
}

function came(channel: string, present: readonly Member[]): ServerMessage {
  return { kind: 'presence', channel, change: { kind: 'diff', present, gone: [] } }
}

function went(channel: string, gone: readonly string[]): ServerMessage {
  return { kind: 'presence', channel, change: { kind: 'diff', present: [], gone } }
}

function joined(channel: string, presence: unknown): ServerMessage | undefined {
  if (presence === undefined) return { kind: 'joined', channel, members: undefined }
  const { ids, hash } = fields(presence)
  if (!Array.isArray(ids) || !ids.every(isId)) return undefined
  const infos = fields(hash)
  return {
    kind: 'joined',
    channel,
    members: ids.map(id => toMember(id, Object.hasOwn(infos, id) ? infos[id] : undefined)),
  }
}

function toJoinError(data: unknown): UpstreamError {
  const { error, status } = fields(data)
  const isTemporary = typeof status === 'number' && status >= 500 && status < 600
  const text = typeof error === 'string' && error !== '' ? error : 'no reason given'
  return new UpstreamError(isTemporary ? 'network' : 'refused', text, { details: data })
}

function readChange(change: unknown): WatchlistChange | undefined {
  const { name, user_ids: userIds } = fields(change)
  if (name !== 'online' && name !== 'offline') return undefined
  return Array.isArray(userIds) && userIds.every(isId) ? { name, userIds: userIds.map(String) } : undefined
}

function isComplete<T>(values: readonly (T | undefined)[]): values is readonly T[] {
  return !values.includes(undefined)
}

function toMember(id: string | number, info: unknown): Member {
  return { id: String(id), states: info === undefined || info === null ? [] : [info] }
}

/** Servers of other makers also send numbers. */
function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function isOwn(event: string): boolean {
  return event.startsWith('pusher:') || event.startsWith('pusher_internal:')
}

/** Of anything else than an object: none. */
function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text
  } catch {
    return undefined
  }
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'no reason given'
}
