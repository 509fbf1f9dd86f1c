import { describe, PartylineError, type WireError } from '../protocol/index.ts'
import type { Body, Entry } from './entry.ts'

/** An entry as it lies in the database. */
export interface Row extends Entry {
  /** That of the body, where an index can reach it. */
  readonly kind: Body['kind']
}

/**
 * A row is what an older build, or anybody with access to the page's storage, has written.
 * @throws PartylineError `bad-message` that names what is wrong
 */
export function parseRow(value: unknown): Row {
  const row = Object(value) as { readonly [field in keyof Row]?: unknown }
  const isRight =
    Number.isInteger(row.seq) &&
    isText(row.key) &&
    isText(row.lane) &&
    (row.state === 'waiting' || row.state === 'dead') &&
    isCount(row.attempts) &&
    isCount(row.bytes) &&
    isCount(row.createdAt) &&
    (row.expiresAt === undefined || isTime(row.expiresAt)) &&
    (row.coalesce === undefined || isText(row.coalesce)) &&
    (row.state === 'waiting' ? row.died === undefined && row.kind !== 'damaged' : isDeath(row.died)) &&
    isBody(row.body) &&
    row.body.kind === row.kind
  if (!isRight)
    throw new PartylineError('bad-message', `row ${describe(row.seq)} of the outbox is not one of its entries`)
  return value as Row
}

/** What cannot be sent stays, for whoever looks at the dead letters, under a key of its own. */
export function toDamagedRow(seq: number, raw: unknown, at: number, error: WireError): Row {
  return {
    seq,
    key: `damaged:${seq}`,
    lane: 'damaged',
    kind: 'damaged',
    body: { kind: 'damaged', raw },
    bytes: 0,
    createdAt: at,
    state: 'dead',
    attempts: 0,
    died: { at, why: 'damaged', error },
  }
}

function isBody(value: unknown): value is Body {
  const body = Object(value) as { readonly [field: string]: unknown }
  if (body['kind'] === 'damaged') return 'raw' in body
  if (body['kind'] === 'message') return isText(body['channel']) && isText(body['event'])
  return (
    body['kind'] === 'request' &&
    isText(body['url']) &&
    isText(body['method']) &&
    Array.isArray(body['headers']) &&
    body['headers'].every(header => Array.isArray(header) && header.length === 2 && header.every(isText)) &&
    (body['body'] === undefined || body['body'] instanceof ArrayBuffer) &&
    (body['credentials'] === 'omit' || body['credentials'] === 'same-origin' || body['credentials'] === 'include')
  )
}

function isDeath(value: unknown): boolean {
  const { at, why, error } = Object(value) as { readonly [field: string]: unknown }
  return (
    isCount(at) &&
    (why === 'rejected' || why === 'expired' || why === 'unconfirmed' || why === 'damaged') &&
    isText((Object(error) as { code?: unknown }).code)
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCount(value: unknown): value is number {
  return isTime(value) && value !== Infinity
}

/** `Infinity` is never. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}
