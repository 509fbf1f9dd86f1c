import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { App } from './app.ts'

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

/** A signed request is good for this long, before and after. */
const MAX_CLOCK_SKEW_S = 600

/** Whether `auth` is `key:signature` over these parts. */
export function isSignedBy({ key, secret }: App, auth: string, ...parts: readonly string[]): boolean {
  return isEqual(auth, `${key}:${hmac(secret, parts.join(':'))}`)
}

/** What is wrong with a request's signature; `undefined` for nothing. */
export function requestRefusal(app: App, request: SignedRequest): string | undefined {
  const { query, body } = request
  if (query.get('auth_key') !== app.key) return 'Unknown auth_key'
  if (query.get('auth_version') !== '1.0') return 'Unsupported auth_version'
  if (Math.abs(Date.now() / 1000 - Number(query.get('auth_timestamp'))) > MAX_CLOCK_SKEW_S) return 'Timestamp expired'
  if (body !== '' && query.get('body_md5') !== createHash('md5').update(body).digest('hex')) return 'Wrong body_md5'
  const isGood = isEqual(query.get('auth_signature') ?? '', hmac(app.secret, toBeSigned(request)))
  return isGood ? undefined : 'Invalid signature'
}

function toBeSigned({ method, path, query }: SignedRequest): string {
  const pairs = [...query].filter(([name]) => name !== 'auth_signature').map(([name, value]) => `${name}=${value}`)
  return [method, path, pairs.toSorted().join('&')].join('\n')
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
