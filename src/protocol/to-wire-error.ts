import { PartylineError, type WireError } from './errors.ts'

/** Anything thrown → what crosses the port. `details` must already be plain data. */
export function toWireError(error: unknown): WireError {
  const known =
    error instanceof PartylineError ? error : new PartylineError('internal', describe(error), { cause: error })
  return {
    code: known.code,
    message: known.message,
    retryable: known.retryable,
    ...(known.details === undefined ? {} : { details: known.details }),
    ...(known.cause === undefined ? {} : { cause: describe(known.cause) }),
  }
}

/** One line about anything that can be thrown. */
export function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`
  try {
    return String(error)
  } catch {
    return 'a value that cannot be shown'
  }
}
