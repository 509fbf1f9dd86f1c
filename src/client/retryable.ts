import { PartylineError, type ErrorCode } from '../protocol/index.ts'

export function retryable(code: ErrorCode, message: string): PartylineError {
  return new PartylineError(code, message, { retryable: true })
}
