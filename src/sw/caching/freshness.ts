/** When the request was made that an answer is of, in milliseconds since 1970: on every answer that is kept. */
export const FETCHED_AT = 'partyline-fetched-at'
/** On an answer that is known to be stale. */
export const STALE = 'partyline-stale'

export type Freshness = 'fresh' | 'stale' | 'expired'

export interface Age {
  /** `undefined` where nobody could write it down: on opaque answers. */
  readonly fetchedAt: number | undefined
  readonly now: number
  readonly maxAgeMs: number
  /** What was asked for up to then is stale; 0 for never. */
  readonly staleSince: number
}

/** How good an answer still is. The event that makes it stale may have come in the very millisecond of the request. */
export function freshnessOf({ fetchedAt, now, maxAgeMs, staleSince }: Age): Freshness {
  if (fetchedAt === undefined) return staleSince > 0 ? 'stale' : 'fresh'
  // A clock that was put back makes nothing younger than new.
  if (now - fetchedAt > maxAgeMs) return 'expired'
  return fetchedAt <= staleSince ? 'stale' : 'fresh'
}

export function fetchTimeOf({ headers }: Response): number | undefined {
  const value = headers.get(FETCHED_AT)
  return value === null ? undefined : Number(value)
}

/** A copy with one more header. */
export function marked({ body, status, statusText, headers }: Response, name: string, value: string): Response {
  const more = new Headers(headers)
  more.set(name, value)
  return new Response(body, { status, statusText, headers: more })
}
