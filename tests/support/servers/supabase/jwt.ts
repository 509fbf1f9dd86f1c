import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Claims {
  readonly role: string
  /** In seconds since 1970. */
  readonly exp: number
  readonly [claim: string]: unknown
}

export type TokenVerdict =
  | { readonly isValid: true; readonly claims: Claims }
  | {
      readonly isValid: false
      readonly code: 'MalformedJWT' | 'JwtSignatureError' | 'InvalidJWTToken'
      readonly message: string
    }

/** Signs with HS256, as Supabase's own keys are. */
export function signToken(claims: Claims, secret: string): string {
  const content = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => encode(JSON.stringify(part))).join('.')
  return `${content}.${signatureOf(content, secret).toString('base64url')}`
}

export function readToken(token: string, secret: string): TokenVerdict {
  const [head = '', body = '', signature = ''] = token.split('.')
  const header = decode(head)
  const claims = decode(body)
  if (header === undefined || claims === undefined || header['alg'] !== 'HS256') return malformed
  if (!isSame(Buffer.from(signature, 'base64url'), signatureOf(`${head}.${body}`, secret))) {
    return { isValid: false, code: 'JwtSignatureError', message: 'Failed to validate JWT signature' }
  }
  const { role, exp } = claims
  if (typeof role !== 'string' || typeof exp !== 'number') {
    return { isValid: false, code: 'InvalidJWTToken', message: 'Fields `role` and `exp` are required in JWT' }
  }
  const overdueSeconds = Math.floor(Date.now() / 1000) - Math.floor(exp)
  if (overdueSeconds >= 0) {
    return { isValid: false, code: 'InvalidJWTToken', message: `Token has expired ${overdueSeconds} seconds ago` }
  }
  return { isValid: true, claims: { ...claims, role, exp } }
}

const malformed: TokenVerdict = {
  isValid: false,
  code: 'MalformedJWT',
  message: 'The token provided is not a valid JWT',
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

const signatureOf = (content: string, secret: string): Buffer => createHmac('sha256', secret).update(content).digest()

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)
