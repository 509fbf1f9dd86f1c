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

/** As the in-memory adapter (yeast) and the Redis streams adapter make them. */
const OFFSET = /^(?:[\w-]{6,9}(?:\.[\w-]+)?|\d{10,}-\d+)$/

export interface EventArguments {
  readonly payload: unknown
  readonly position: string | undefined
  readonly rest: readonly unknown[] | undefined
}

/**
 * With connection state recovery the server appends an offset to an event's arguments, without a mark
 * that tells it from the application's own last string. It is taken for one where it looks like one and
 * is not the only argument: an event sent without a payload has the offset as its payload.
 */
export function readArguments(args: readonly unknown[], recovery: boolean): EventArguments {
  const plain = args.filter(argument => typeof argument !== 'function')
  const last = plain.at(-1)
  const hasOffset = recovery && plain.length > 1 && typeof last === 'string' && OFFSET.test(last)
  const rest = plain.slice(1, hasOffset ? -1 : undefined)
  return {
    payload: plain[0],
    position: hasOffset ? last : undefined,
    rest: rest.length > 0 ? rest : undefined,
  }
}
