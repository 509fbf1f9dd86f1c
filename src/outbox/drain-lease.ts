/** Who may send now, as it is written in the database that all drainers share. */
export interface LeaseRecord {
  readonly holder: string
  /** The fencing number: rises whenever the lease goes to another holder. */
  readonly token: number
  /** In milliseconds since 1970. */
  readonly until: number
}

/**
 * For how long a drainer may send after it has taken the lease or renewed it. Shorter than a tab needs to notice that its
 * broker is dead or hangs, so that the next broker need not wait.
 */
export const LEASE_MS = 2_500
/** While there is something to send. */
export const RENEW_EVERY_MS = 800

/** `undefined` where there is none, or something else in its place: the lease is free then. */
export function parseLease(value: unknown): LeaseRecord | undefined {
  const { holder, token, until } = Object(value) as { readonly [field in keyof LeaseRecord]?: unknown }
  const isRight = typeof holder === 'string' && Number.isSafeInteger(token) && Number.isFinite(until)
  return isRight ? (value as LeaseRecord) : undefined
}

/** The record to write when `holder` takes or renews the lease at `now`; `undefined` while another has it. */
export function takeLease(record: LeaseRecord | undefined, holder: string, now: number): LeaseRecord | undefined {
  const until = now + LEASE_MS
  if (record === undefined) return { holder, token: 1, until }
  if (record.holder === holder) return { holder, token: record.token, until }
  return isLive(record.until, now) ? undefined : { holder, token: record.token + 1, until }
}

/** The next may take it at once. */
export function releaseLease(record: LeaseRecord): LeaseRecord {
  return { ...record, until: 0 }
}

/** One that seems to last longer than any can was written before the clock was set back. */
export function isLive(until: number, now: number): boolean {
  return until > now && until - now <= LEASE_MS
}
