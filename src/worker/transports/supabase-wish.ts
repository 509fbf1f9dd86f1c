/** What a channel is asked for with, read from its parameters. */
import { fromChannelId } from '../../protocol/index.ts'
import { UpstreamError } from '../upstream/transport.ts'

/** Parameters of a channel, as tabs write them. */
export interface SupabaseChannelParams {
  /** Row changes. */
  readonly changes?: readonly SupabaseChange[]
  readonly broadcast?: {
    /** The publisher hears its own messages. @default false */
    readonly self?: boolean
    /** A message counts as sent when the server has said so. @default true */
    readonly ack?: boolean
  }
  /** `false` or not `enabled`: nobody wants to know who is there. `key` stands for this browser. @default {} */
  readonly presence?: false | { readonly key?: string; readonly enabled?: boolean }
  /** Who may join is decided by the database's policies. @default false */
  readonly private?: boolean
  /**
   * Of a channel of `partyline/supabase`: the address that the tab has named. Such a channel hears what the server says
   * whole, as `broadcast`, `postgres_changes` and `system`, and everything that ends its join as a refusal.
   */
  readonly face?: string
  /** With `face`: joined when row changes flow. @default false */
  readonly waits?: boolean
  /** With `face`, `false`: joined nowhere; the connection stays for it, and it takes tokens. @default true */
  readonly joins?: boolean
}

export interface SupabaseChange {
  /** @default '*' */
  readonly event?: '*' | 'INSERT' | 'UPDATE' | 'DELETE'
  /** @default 'public' */
  readonly schema?: string
  /** @default all of the schema */
  readonly table?: string
  /** Such as `status=eq.open`. */
  readonly filter?: string
  /** Columns to tell beside the primary key. @default all */
  readonly select?: readonly string[]
}

export interface Wish {
  readonly topic: string
  /** Each once, as JSON that is the same for the same. */
  readonly changes: readonly string[]
  readonly hearsItself: boolean
  readonly wantsAck: boolean
  readonly wantsPresence: boolean
  readonly presenceKey: string | undefined
  readonly isPrivate: boolean
  readonly face: FaceWish | undefined
}

export interface FaceWish {
  readonly address: string
  /** In the order in which they were asked for. */
  readonly changes: readonly string[]
  readonly waits: boolean
  readonly joins: boolean
}

const EVENTS: readonly unknown[] = ['*', 'INSERT', 'UPDATE', 'DELETE']
/** A broadcast has its topic's length in one byte, with `realtime:` before it. */
const MAX_TOPIC_BYTES = 255 - 9

/** @throws UpstreamError `refused` with a sentence that says what would be right */
export function toWish(channel: string): Wish {
  const { name: topic, params = {} } = fromChannelId(channel)
  if (topic === '') throw refused('a channel needs a name')
  if (new TextEncoder().encode(topic).length > MAX_TOPIC_BYTES)
    throw refused(`a channel's name may have ${MAX_TOPIC_BYTES} bytes`)
  const { changes = [], broadcast, presence = {}, private: isPrivate, face, waits, joins, ...rest } = params
  expectNone(rest, 'a channel', 'changes, broadcast, presence and private')
  if (!Array.isArray(changes)) throw refused("a channel's changes are a list: [{ event, schema, table, filter }]")
  const { self, ack, ...otherBroadcast } = object(broadcast, 'broadcast')
  expectNone(otherBroadcast, 'broadcast', 'self and ack')
  const { key, enabled, ...otherPresence } = presence === false ? {} : object(presence, 'presence')
  expectNone(otherPresence, 'presence', 'key and enabled')
  const asked = changes.map(toChange)
  const address = text(face, 'face')
  return {
    topic,
    changes: [...new Set(asked)],
    hearsItself: flag(self, 'broadcast.self') ?? false,
    wantsAck: flag(ack, 'broadcast.ack') ?? true,
    wantsPresence: presence !== false && (flag(enabled, 'presence.enabled') ?? true),
    presenceKey: text(key, 'presence.key') || undefined,
    isPrivate: flag(isPrivate, 'private') ?? false,
    face:
      address === undefined
        ? undefined
        : { address, changes: asked, waits: flag(waits, 'waits') ?? false, joins: flag(joins, 'joins') ?? true },
  }
}

function toChange(change: unknown): string {
  const { event = '*', schema = 'public', table, filter, select, ...rest } = object(change, 'a change')
  expectNone(rest, 'a change', 'event, schema, table, filter and select')
  if (!EVENTS.includes(event)) throw refused("a change's event is '*', 'INSERT', 'UPDATE' or 'DELETE'")
  if (select !== undefined && !(Array.isArray(select) && select.every(one => typeof one === 'string')))
    throw refused("a change's select is a list of columns")
  return JSON.stringify({
    event,
    schema: text(schema, 'schema'),
    table: text(table, 'table'),
    filter: text(filter, 'filter'),
    select,
  })
}

function object(value: unknown, name: string): { readonly [name: string]: unknown } {
  if (value === undefined) return {}
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw refused(`${name} is an object`)
}

function expectNone(rest: object, name: string, known: string): void {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw refused(`${name} has no parameter ${JSON.stringify(unknown)}: there are ${known}`)
}

function flag(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw refused(`${name} is true or false`)
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw refused(`${name} is a text`)
}

function refused(message: string): UpstreamError {
  return new UpstreamError('refused', message)
}
