/** What Socket.IO reports, read into the broker's words. */
import { UpstreamError } from '../upstream/transport.ts'

/**
 * A refused handshake or a failed connection. A server's middleware refuses with `next(error)`, whose
 * `data` arrives here: `{ retryAfterMs }` in it means "too many", anything else "not with these credentials".
 */
export function toOpenError(error: Error): UpstreamError {
  const { type, description, data } = error as { type?: unknown; description?: unknown; data?: unknown }
  if (type === 'TransportError') return new UpstreamError(kindOfHttpStatus(description), error.message)
  const retryAfterMs = (data as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs
  return typeof retryAfterMs === 'number'
    ? new UpstreamError('rate-limited', error.message, { retryAfterMs, details: data })
    : new UpstreamError('credentials', error.message, { details: data })
}

/** The polling transport's `description` is the HTTP status. */
function kindOfHttpStatus(status: unknown): 'network' | 'credentials' | 'rate-limited' {
  if (status === 401 || status === 403) return 'credentials'
  return status === 429 ? 'rate-limited' : 'network'
}

/** WebSocket close codes by which a server says that it goes away or restarts. RFC 6455, 7.4.1; IANA registry. */
const GOING_AWAY: ReadonlySet<unknown> = new Set([1001, 1012])

export function toLossError(reason: string, details: unknown): UpstreamError {
  if (reason === 'io server disconnect') return new UpstreamError('server-closed', 'the server ended the connection')
  const code = (details as { context?: { code?: unknown } } | null | undefined)?.context?.code
  return new UpstreamError(GOING_AWAY.has(code) ? 'server-restart' : 'network', reason)
}

/**
 * A server refuses a message or a join by acknowledging with `{ ok: false, error }` or `{ error }`;
 * any other acknowledgement is an answer.
 * @throws UpstreamError `refused`
 */
export function readAcknowledgement(reply: unknown): unknown {
  if (typeof reply !== 'object' || reply === null) return reply
  const { ok, error } = reply as { ok?: unknown; error?: unknown }
  if (ok !== false && (error === undefined || error === null)) return reply
  throw new UpstreamError('refused', typeof error === 'string' ? error : 'no reason given', { details: reply })
}

export interface EventArguments {
  readonly payload: unknown
  readonly position: string | undefined
  readonly rest: readonly unknown[] | undefined
}

/**
 * With connection state recovery the server appends an offset to an event's arguments, without a mark that
 * tells it from the application's own last string. Offsets hold the time at which the event was sent, so the
 * last string is taken for one when it reads as a time within a day of `nowMs`.
 */
export function readArguments(args: readonly unknown[], recovery: boolean, nowMs = Date.now()): EventArguments {
  const plain = args.filter(argument => typeof argument !== 'function')
  const last = plain.at(-1)
  const position = recovery && typeof last === 'string' && isOffset(last, nowMs) ? last : undefined
  const own = position === undefined ? plain : plain.slice(0, -1)
  return { payload: own[0], position, rest: own.length > 1 ? own.slice(1) : undefined }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** The in-memory adapter's offset is a time to base 64, the Redis streams adapter's one to base 10. */
function isOffset(text: string, nowMs: number): boolean {
  const [, base64, base10] = /^(?:([\w-]{7})(?:\.[\w-]+)?|(\d{13})-\d+)$/.exec(text) ?? []
  const sentMs = base64 === undefined ? Number(base10) : fromBase64(base64)
  return Math.abs(sentMs - nowMs) < DAY_MS
}

/** As socket.io-adapter's yeast writes it. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_'

function fromBase64(text: string): number {
  return Array.from(text).reduce((sum, digit) => sum * 64 + DIGITS.indexOf(digit), 0)
}
