/** Why a connection was closed, read into the broker's causes. */
import { UpstreamError, type CauseKind } from '../upstream/transport.ts'

export interface Close {
  readonly code?: number | undefined
  readonly reason?: string | undefined
}

/** The server takes connections over TLS only. */
export const TLS_ONLY = 4000

const OVER_QUOTA = 4004
const RECONNECT = 4200

/** https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/#connection-closure */
export function toCloseError({ code, reason = '' }: Close): UpstreamError {
  const kind = code === undefined ? 'network' : kindOf(code)
  const retryAfterMs = code !== undefined && isInClass(code, 4100) ? { retryAfterMs: 1_000 } : {}
  const words = reason === '' ? 'the connection was closed' : reason
  return new UpstreamError(kind, code === undefined ? words : `${words} (${code})`, {
    details: { code, ...(reason === '' ? {} : { reason }) },
    ...retryAfterMs,
  })
}

function kindOf(code: number): CauseKind {
  if (code < 4000) return kindOfStandardCode(code)
  if (code === TLS_ONLY) return 'network'
  if (code === OVER_QUOTA) return 'rate-limited'
  // Nothing changes while key and user remain the same.
  if (isInClass(code, 4000)) return 'credentials'
  if (isInClass(code, 4100)) return 'rate-limited'
  // "Generic reconnect immediately" is what all clients of a server hear that goes: spread, they find another one soon.
  if (code === RECONNECT) return 'server-restart'
  return isInClass(code, 4200) ? 'network' : 'server-closed'
}

/** RFC 6455, 7.4.1; IANA registry. */
function kindOfStandardCode(code: number): CauseKind {
  switch (code) {
    case 1000:
    case 1008:
      return 'server-closed'
    case 1001:
    case 1012:
      return 'server-restart'
    default:
      return 'network'
  }
}

function isInClass(code: number, first: number): boolean {
  return code >= first && code < first + 100
}

/**
 * What pusher-js tells an app of a close.
 * @param wasOpen whether it was an open connection, or one that was being made
 */
export function toClientErrors(
  { code = 0, reason: message }: Close,
  wasOpen: boolean,
): { readonly errors: readonly object[]; readonly isEnd: boolean } {
  const error = { type: 'PusherError', data: { code, message } }
  const isInOrder = code <= 1001
  const isActedUpon = !wasOpen || code >= 4000 || code <= 1004
  return {
    errors: isInOrder ? [] : [...(wasOpen ? [error] : []), ...(isActedUpon ? [{ type: 'WebSocketError', error }] : [])],
    isEnd: (code > TLS_ONLY && isInClass(code, 4000)) || code >= 4300,
  }
}
