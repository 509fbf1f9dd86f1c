import { PartylineError, type ErrorCode } from '../protocol/index.ts'

export function retryable(code: ErrorCode, message: string, cause?: unknown): PartylineError {
  return new PartylineError(code, message, { retryable: true, cause })
}

/** The tab goes on at another broker, or at the same one in another attachment. */
export function staleEpoch(): PartylineError {
  return retryable('stale-epoch', 'no broker for the moment, or another one')
}
