/**
 * Every code that a {@link PartylineError} can carry. docs/errors.md has a paragraph for each:
 * what happened, what to do.
 */
export type ErrorCode =
  | 'worker-failed'
  | 'version-mismatch'
  | 'scope-mismatch'
  | 'stale-epoch'
  | 'update-required'
  | 'forgotten'
  | 'call-timeout'
  | 'line-closed'
  | 'bad-options'
  | 'bad-message'
  | 'unknown-method'
  | 'invalid-payload'
  | 'too-many-pending'
  | 'too-many-channels'
  | 'not-sent'
  | 'unconfirmed'
  | 'rejected'
  | 'expired'
  | 'dropped'
  | 'replaced'
  | 'outbox-full'
  | 'message-too-large'
  | 'not-stored'
  | 'storage-full'
  | 'storage-unavailable'
  | 'storage-too-new'
  | 'join-refused'
  | 'not-offered'
  | 'service-worker-failed'
  | 'internal'

export interface ErrorOptions {
  /** Whether the same call may succeed later without a change. @default false */
  readonly retryable?: boolean
  /** What caused it, where that is known. */
  readonly cause?: unknown
  /** Plain data about the error, such as the server's own reason. */
  readonly details?: unknown
}

/** The one error class of Partyline: `switch` on `code`, show `message` to a developer. */
export class PartylineError extends Error {
  override readonly name = 'PartylineError'
  declare readonly code: ErrorCode
  declare readonly retryable: boolean
  declare readonly details: unknown

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.retryable = options.retryable ?? false
    this.details = options.details
  }
}

/** A {@link PartylineError} as it crosses a port: plain data, with the chain of causes as text. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly details?: unknown
  readonly cause?: string
}

/** What came over a port → an error to throw. Never throws itself, whatever it is given. */
export function fromWireError(value: unknown): PartylineError {
  // A code that this build does not know yet comes from a newer broker: passed on as it is.
  const { code = 'internal', message, retryable, details, cause } = Object(value) as Partial<WireError>
  return new PartylineError(code, typeof message === 'string' ? message : 'no reason given', {
    retryable: retryable === true,
    details,
    cause,
  })
}
