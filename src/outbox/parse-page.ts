import { describe, PartylineError, type WireError } from '../protocol/index.ts'
import type { Body } from './entry.ts'
import { MAX_PAGE, pageOf, withEntries, type NewPage, type Page, type Stored } from './page.ts'

/**
 * A page is what an older build, or anybody with access to the site's storage, has written.
 * @throws PartylineError `bad-message` that names what is wrong
 */
export function parsePage(value: unknown): Page {
  const page = parseHead(value)
  for (const stored of page.entries) if (!isStored(stored, page)) throw damagedError(page.seq)
  return page
}

/** What was found in the place of an entry, or of the whole page. */
interface Damaged {
  /** `undefined` for the page. */
  readonly index?: number
  readonly raw: unknown
}

/** What of a damaged page can be sent, and what cannot: that stays, for whoever looks at the dead letters. */
export function rescue(value: unknown): { readonly page?: Page | undefined; readonly damaged: readonly Damaged[] } {
  try {
    const page = parseHead(value)
    const damaged = page.entries.flatMap((raw, index) => (isStored(raw, page) ? [] : { index, raw }))
    const isDamaged = new Set(damaged.map(({ index }) => index))
    return {
      page: withEntries(
        page,
        page.entries.map((stored, index) => (isDamaged.has(index) ? null : stored)),
      ),
      damaged,
    }
  } catch {
    return { damaged: [{ raw: value }] }
  }
}

/** A dead letter under a key of its own. @param seq of the page in which it was found */
export function damagedPage(seq: number, { index, raw }: Damaged, at: number, error: WireError): NewPage {
  const key = index === undefined ? `damaged:page:${seq}` : `damaged:entry:${seq * MAX_PAGE + index}`
  const died = { at, why: 'damaged', error } as const
  const entry = { key, lane: 'damaged', body: { kind: 'damaged', raw }, bytes: 0, createdAt: at } as const
  return pageOf({ ...entry, state: 'dead', attempts: 0, died })
}

function damagedError(seq: unknown): PartylineError {
  return new PartylineError('bad-message', `page ${describe(seq)} of the outbox does not hold its entries`)
}

function parseHead(value: unknown): Page {
  const page = Object(value) as { readonly [field in keyof Page]?: unknown }
  const isRight =
    Number.isInteger(page.seq) &&
    isText(page.lane) &&
    (page.state === 'waiting' || page.state === 'dead') &&
    (page.kind === 'message' || page.kind === 'request' || (page.kind === 'damaged' && page.state === 'dead')) &&
    Array.isArray(page.keys) &&
    Array.isArray(page.entries) &&
    page.entries.length <= MAX_PAGE &&
    page.entries.some(entry => entry !== null)
  if (!isRight) throw damagedError(page.seq)
  return value as Page
}

function isStored(value: unknown, { state, kind, keys, entries, expiresAt, coalesce }: Page): boolean {
  if (value === null) return true
  const entry = Object(value) as { readonly [field in keyof Stored]?: unknown }
  return (
    isText(entry.key) &&
    keys.includes(entry.key) &&
    isCount(entry.attempts) &&
    isCount(entry.bytes) &&
    isCount(entry.createdAt) &&
    entry.expiresAt === expiresAt &&
    entry.coalesce === coalesce &&
    (expiresAt === undefined || (isTime(expiresAt) && entries.length === 1)) &&
    (coalesce === undefined || (isText(coalesce) && entries.length === 1)) &&
    (state === 'waiting' ? entry.died === undefined : isDeath(entry.died)) &&
    isBody(entry.body) &&
    entry.body.kind === kind
  )
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
