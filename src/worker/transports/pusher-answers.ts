/** What an app's server, or a tab, says when it is asked whether this user may. */
import { UpstreamError } from '../upstream/transport.ts'
import type { ChannelKind } from './pusher-channel-kind.ts'

export interface ChannelAnswer {
  readonly auth: string
  /** JSON, as it was signed: who this user is in a presence channel. */
  readonly channelData: string | undefined
  /** Of an encrypted channel. */
  readonly key: Uint8Array | undefined
}

export interface UserAnswer {
  readonly auth: string
  /** JSON, as it was signed. */
  readonly userData: string
}

/** Bytes that every encrypted channel's key has. */
const KEY_BYTES = 32

/** @throws UpstreamError `refused` for what is no answer */
export function readChannelAnswer(answer: unknown, { isEncrypted }: ChannelKind): ChannelAnswer {
  const { auth, channel_data: channelData, shared_secret: secret } = fields(answer)
  if (typeof auth !== 'string') throw notAnAnswer('{ auth, channel_data?, shared_secret? }', answer)
  if (!isTextOrNothing(channelData)) throw notAnAnswer('channel_data as JSON text', answer)
  const key = typeof secret === 'string' ? fromBase64(secret) : undefined
  if (isEncrypted && key?.length !== KEY_BYTES) throw notAnAnswer('a shared_secret of 32 bytes in base64', answer)
  return { auth, channelData: channelData ?? undefined, key }
}

/** @throws UpstreamError `refused` for what is no answer */
export function readUserAnswer(answer: unknown): UserAnswer {
  const { auth, user_data: userData } = fields(answer)
  if (typeof auth !== 'string' || typeof userData !== 'string') throw notAnAnswer('{ auth, user_data }', answer)
  return { auth, userData }
}

/** The user whom the data of a presence channel names. */
export function userIdIn(channelData: string | undefined): string | number | undefined {
  const { user_id: id } = fields(parseJson(channelData ?? ''))
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

/** Laravel says 419 when a session is over. */
export function isExpired(status: number): boolean {
  return status === 401 || status === 419
}

/** @param retryAfter the header of that name, in seconds */
export function toEndpointError(status: number, retryAfter: string | null, words: string): UpstreamError {
  const message = `the endpoint answered ${status}: ${words.slice(0, 200)}`
  const details = { status }
  if (status === 429)
    return new UpstreamError('rate-limited', message, { details, retryAfterMs: 1_000 * (Number(retryAfter) || 1) })
  return new UpstreamError(status >= 500 ? 'network' : 'refused', message, { details })
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `undefined` for what is none. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Not what came instead: there may be secrets in it. */
function notAnAnswer(wanted: string, answer: unknown): UpstreamError {
  const { error, details } = fields(answer)
  return new UpstreamError('refused', typeof error === 'string' ? error : `the answer is without ${wanted}`, {
    details,
  })
}

function isTextOrNothing(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string'
}

function fields(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: unknown }) : {}
}
