/** What a server says, read once. */
import { malformedAmong, type Malformed } from './malformed.ts'

export type ServerFrame =
  | {
      readonly kind: 'reply'
      readonly topic: string
      readonly ref: string
      readonly isOk: boolean
      readonly response: Fields
    }
  | { readonly kind: 'ended'; readonly topic: string; readonly joinRef: string; readonly isFinal: boolean }
  | {
      readonly kind: 'system'
      readonly topic: string
      readonly extension: string
      readonly isOk: boolean
      readonly words: string
      readonly whole: Fields
    }
  | {
      readonly kind: 'broadcast'
      readonly topic: string
      readonly event: string
      readonly payload: unknown
      readonly whole: Fields
    }
  | { readonly kind: 'rows'; readonly topic: string; readonly ids: readonly number[]; readonly data: RowChange }
  | { readonly kind: 'presence-state'; readonly topic: string; readonly present: Presences }
  | { readonly kind: 'presence-diff'; readonly topic: string; readonly joins: Presences; readonly leaves: Presences }
  | Malformed

export type Fields = { readonly [name: string]: unknown }

export interface RowChange {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE'
  readonly schema: string
  readonly table: string
  readonly commit_timestamp: unknown
  readonly errors: unknown
  readonly columns: readonly Column[]
  readonly record: Fields | undefined
  readonly old_record: Fields | undefined
}

export interface Column {
  readonly name: string
  readonly type: string
}

/** By presence key, what each connection under it has told. */
export type Presences = ReadonlyMap<string, readonly Meta[]>

export interface Meta {
  readonly ref: string
  readonly state: Fields
}

/** Of a broadcast in binary form: its kind, four lengths or so, and the encoding of the body. */
const HEAD_BYTES = 5
const BROADCAST = 4

const malformed = malformedAmong(
  new Set([
    'no-frame',
    'phx_reply',
    'phx_close',
    'phx_error',
    'system',
    'broadcast',
    'postgres_changes',
    'presence_state',
    'presence_diff',
  ]),
)

/** @param decode the library's own reading of what has the right form */
export function readFrame(data: unknown, decode: (data: unknown) => unknown): ServerFrame {
  const flaw = typeof data === 'string' ? undefined : flawOf(data)
  if (flaw !== undefined) return { kind: 'malformed', what: 'no-frame', detail: flaw }
  try {
    return readMessage(decode(data))
  } catch (error) {
    return { kind: 'malformed', what: 'not-json', detail: String(error).slice(0, 200) }
  }
}

/** The library would read beyond the end of a frame that is cut off. */
function flawOf(data: unknown): string | undefined {
  if (!(data instanceof ArrayBuffer)) return typeof data
  const [kind, topic = 0, event = 0, meta = 0] = new Uint8Array(data, 0, Math.min(HEAD_BYTES, data.byteLength))
  if (kind !== BROADCAST) return `binary of kind ${kind}`
  return data.byteLength < HEAD_BYTES + topic + event + meta ? 'binary that ends before its head does' : undefined
}

/** @param message as the library has decoded it: `{ join_ref, ref, topic, event, payload }` */
export function readMessage(message: unknown): ServerFrame {
  const { join_ref: joinRef, ref, topic, event, payload } = fields(message)
  if (typeof topic !== 'string' || typeof event !== 'string') return malformed('no-frame', message)
  return ofTopic(topic, event, fields(payload), joinRef, ref) ?? malformed(event, payload)
}

/** `undefined` for what makes no sense. */
function ofTopic(
  topic: string,
  event: string,
  payload: Fields,
  joinRef: unknown,
  ref: unknown,
): ServerFrame | undefined {
  switch (event) {
    case 'phx_reply': {
      const { status, response } = payload
      if (typeof ref !== 'string' || typeof status !== 'string') return undefined
      return { kind: 'reply', topic, ref, isOk: status === 'ok', response: fields(response) }
    }
    case 'phx_close':
    case 'phx_error':
      return typeof joinRef === 'string' ? { kind: 'ended', topic, joinRef, isFinal: event === 'phx_close' } : undefined
    case 'system': {
      const { extension, status, message } = payload
      if (typeof extension !== 'string' || typeof status !== 'string') return undefined
      return { kind: 'system', topic, extension, isOk: status === 'ok', words: toText(message), whole: payload }
    }
    case 'broadcast':
      return typeof payload['event'] === 'string'
        ? { kind: 'broadcast', topic, event: payload['event'], payload: payload['payload'], whole: payload }
        : undefined
    case 'postgres_changes':
      return toRows(topic, payload)
    case 'presence_state': {
      const present = toPresences(payload)
      return present && { kind: 'presence-state', topic, present }
    }
    case 'presence_diff': {
      const [joins, leaves] = [toPresences(payload['joins']), toPresences(payload['leaves'])]
      return joins && leaves && { kind: 'presence-diff', topic, joins, leaves }
    }
    default:
      return undefined
  }
}

function toRows(topic: string, { ids, data }: Fields): ServerFrame | undefined {
  const { type, schema, table, commit_timestamp, errors, columns, record, old_record } = fields(data)
  if (!Array.isArray(ids) || !ids.every(id => typeof id === 'number')) return undefined
  if (type !== 'INSERT' && type !== 'UPDATE' && type !== 'DELETE') return undefined
  if (typeof schema !== 'string' || typeof table !== 'string') return undefined
  return {
    kind: 'rows',
    topic,
    ids,
    data: {
      type,
      schema,
      table,
      commit_timestamp,
      errors,
      columns: Array.isArray(columns) ? columns.map(fields).flatMap(toColumn) : [],
      record: toRow(record),
      old_record: toRow(old_record),
    },
  }
}

function toColumn({ name, type }: Fields): readonly Column[] {
  return typeof name === 'string' && typeof type === 'string' ? [{ name, type }] : []
}

function toRow(row: unknown): Fields | undefined {
  return typeof row === 'object' && row !== null && !Array.isArray(row) ? (row as Fields) : undefined
}

function toPresences(value: unknown): Presences | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const entries = Object.entries(value).map(([key, entry]) => [key, toMetas(fields(entry)['metas'])] as const)
  return entries.every((entry): entry is readonly [string, readonly Meta[]] => entry[1] !== undefined)
    ? new Map(entries)
    : undefined
}

function toMetas(metas: unknown): readonly Meta[] | undefined {
  if (!Array.isArray(metas)) return undefined
  const read = metas.map(fields).map(({ phx_ref: ref, ...rest }) => ({ ref, state: told(rest) }))
  return read.every((meta): meta is Meta => typeof meta.ref === 'string') ? read : undefined
}

/** Without what Phoenix itself adds to a state that replaces another. */
function told(state: Fields): Fields {
  return Object.fromEntries(Object.entries(state).filter(([name]) => name !== 'phx_ref_prev'))
}

/** Of anything else than an object: none. */
function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

export function toText(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : 'no reason given'
}
