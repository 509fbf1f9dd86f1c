import { readToken, type Claims, type TokenVerdict } from './jwt.ts'

/** What a bearer of these claims may do in a private channel. */
export interface Permissions {
  readonly mayRead: boolean
  readonly mayWrite: boolean
}

export type Policy = (topic: string, claims: Claims) => Permissions

/** Signed-in users may, and where their token lists topics in `scope` (parted by spaces), in these only. */
export const defaultPolicy: Policy = (topic, { role, scope }) => {
  const isListed = typeof scope !== 'string' || scope.split(' ').includes(topic)
  const may = (role === 'authenticated' && isListed) || role === 'service_role'
  return { mayRead: may, mayWrite: may }
}

const EXPIRED: TokenVerdict = {
  isValid: false,
  code: 'InvalidJWTToken',
  message: 'Token has expired 0 seconds ago',
}

/** Reads tokens and knows those that are taken back. */
export class Tokens {
  readonly #secret: string
  readonly #revoked = new Set<string>()
  readonly #expired = new Set<string>()

  constructor(secret: string) {
    this.#secret = secret
  }

  read(token: string): TokenVerdict {
    return this.#expired.has(token) ? EXPIRED : readToken(token, this.#secret)
  }

  /** Ahead of its time. */
  expire(token: string): void {
    this.#expired.add(token)
  }

  revoke(token: string): void {
    this.#revoked.add(token)
  }

  isRevoked(token: string): boolean {
    return this.#revoked.has(token)
  }
}
