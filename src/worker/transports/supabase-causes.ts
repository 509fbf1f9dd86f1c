/** What the server's refusals and ends mean for the broker. */
import { UpstreamError } from '../upstream/transport.ts'
import { toCloseError, toHttpError } from './websocket-causes.ts'

/** @param failure what the socket said before it closed; in browsers nothing */
export function toConnectionError(code: number, reason: string, failure: string | undefined): UpstreamError {
  const [, status] = /response: (\d{3})/.exec(failure ?? '') ?? []
  if (status !== undefined) return toHttpError(Number(status), null, 0)
  return toCloseError(code, reason)
}

/** About who we are: no channel at all can be joined with this token. */
const ABOUT_THE_TOKEN =
  /^(InvalidJWT\w*|MalformedJWT|Jwt\w*|\w*TokenExpired)\b|\btoken\b.*\b(expired|invalid|not a valid)/i

const RATE_LIMITED = /RateLimit|too many/i

/** For a while only, or by no fault of this join. */
const PASSING =
  /^(DatabaseLackOfConnections|InitializingProjectConnection|IncreaseConnectionPool|UnknownError\w*|RealtimeRestarting|PostgresChangesSubscribeTimeout|\w*Timeout)\b|shutting down|connecting to/i

/** @param words as the server has put it: `Code: sentence`, or a sentence alone */
export function toJoinError(words: string): UpstreamError {
  const details = { reason: words }
  if (ABOUT_THE_TOKEN.test(words)) return new UpstreamError('credentials', words, { details })
  if (RATE_LIMITED.test(words)) return new UpstreamError('rate-limited', words, { details })
  if (PASSING.test(words)) return new UpstreamError('network', words, { details })
  return new UpstreamError('refused', words, { details })
}

/** For those who decide themselves what is tried again, and when. */
export function toRefusal({ message, details }: UpstreamError, more: object = {}): UpstreamError {
  const known = typeof details === 'object' && details !== null ? details : {}
  return new UpstreamError('refused', message, { details: { reason: message, ...known, ...more } })
}

/** @param words of the `system` message before the end, if there was one */
export function toChannelEnd(words: string | undefined): UpstreamError {
  if (words === undefined) return new UpstreamError('network', 'the server ended the channel')
  const details = { reason: words }
  return new UpstreamError(/permission/i.test(words) ? 'refused' : 'network', words, { details })
}
