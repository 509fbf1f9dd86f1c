/** What the end of a socket or an answer over HTTP says about its cause. */
import { toUpstreamError, UpstreamError, type CauseKind } from '../upstream/transport.ts'
import type { Codec } from './websocket-codec.ts'

/** What the protocol says of a close code, or else what everybody does. Never throws. */
export function causeOf(codec: Codec, code: number, reason: string): UpstreamError {
  try {
    return codec.closed?.(code, reason) ?? toCloseError(code, reason)
  } catch (error) {
    return toUpstreamError(error)
  }
}

/**
 * By close code: RFC 6455, 7.4.1, the registry of IANA, and of those for applications the ones that are written like
 * HTTP's. All others from 1002 on were chosen by the server, too: it has ended this one connection.
 */
const KINDS: { readonly [code: number]: CauseKind } = {
  1001: 'server-restart',
  // Those that no server sends: there was no code, no end at all, no handshake.
  1005: 'network',
  1006: 'network',
  1015: 'network',
  // A message was too big: that one connection's own affair.
  1009: 'network',
  1012: 'server-restart',
  1013: 'rate-limited',
  1014: 'network',
  4400: 'network',
  4401: 'credentials',
  4403: 'credentials',
  4408: 'network',
  4429: 'rate-limited',
}

export function toCloseError(code: number, reason: string): UpstreamError {
  const kind = KINDS[code] ?? 'server-closed'
  const { message = '', retryAfterMs } = readReason(reason)
  const what = code === 1006 ? 'the connection broke' : `the server closed the connection with ${code}`
  return new UpstreamError(kind, message === '' ? what : `${what}: ${message}`, {
    details: { code, reason },
    ...(kind === 'rate-limited' && retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** A reason is a sentence, or JSON with `retryAfterMs` and perhaps a `message`. */
function readReason(reason: string): { readonly message?: string; readonly retryAfterMs?: number } {
  if (!reason.startsWith('{')) return { message: reason }
  try {
    const { message, retryAfterMs } = JSON.parse(reason) as { message?: unknown; retryAfterMs?: unknown }
    return {
      ...(typeof message === 'string' && { message }),
      ...(isDuration(retryAfterMs) && { retryAfterMs }),
    }
  } catch {
    return { message: reason }
  }
}

/** @param retryAfter the header of that name, in seconds or as a date */
export function toHttpError(status: number, retryAfter: string | null, nowMs: number): UpstreamError {
  const message = `the server answered with status ${status}`
  const details = { status }
  if (status === 401 || status === 403) return new UpstreamError('credentials', message, { details })
  const retryAfterMs = retryAfter === null ? undefined : readRetryAfter(retryAfter, nowMs)
  if (status === 429 || (status === 503 && retryAfterMs !== undefined))
    return new UpstreamError('rate-limited', message, { details, ...(retryAfterMs !== undefined && { retryAfterMs }) })
  return new UpstreamError('network', message, { details })
}

function readRetryAfter(text: string, nowMs: number): number | undefined {
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return isDuration(ms) ? ms : undefined
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
