/** A message of the server that is not what it should be. */
export interface Malformed {
  readonly kind: 'malformed'
  /** Each is reported once. */
  readonly what: string
  /** For whoever looks for the cause: its beginning. */
  readonly detail: string
}

/** @param kinds what is reported by name: of all else there is only one `what`, or a server could make up any number */
export function malformedAmong(kinds: ReadonlySet<string>): (what: string, message: unknown) => Malformed {
  return (what, message) => ({
    kind: 'malformed',
    what: kinds.has(what) ? what : 'unknown-message',
    detail: JSON.stringify(message)?.slice(0, 200) ?? typeof message,
  })
}
