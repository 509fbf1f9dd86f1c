import type { Claims } from './jwt.ts'
import type { Permissions, Policy, Tokens } from './tokens.ts'

export interface Session extends Permissions {
  readonly token: string
  readonly claims: Claims
}

export type Admission =
  | { readonly isAdmitted: true; readonly session: Session }
  /** `code: message` answers a join; the message alone goes with the end of an open channel. */
  | { readonly isAdmitted: false; readonly code: string; readonly message: string }

/** Whether a token opens a channel: a valid one any public channel, a private one only if the policy lets it read. */
export function admit(tokens: Tokens, policy: Policy, topic: string, isPrivate: boolean, token: string): Admission {
  const verdict = tokens.read(token)
  if (!verdict.isValid) return { isAdmitted: false, code: verdict.code, message: verdict.message }
  const may = isPrivate ? policy(topic, verdict.claims) : { mayRead: true, mayWrite: true }
  if (may.mayRead && !tokens.isRevoked(token)) {
    return { isAdmitted: true, session: { ...may, token, claims: verdict.claims } }
  }
  const message = `You do not have permissions to read from this Channel topic: ${topic}`
  return { isAdmitted: false, code: 'Unauthorized', message }
}
