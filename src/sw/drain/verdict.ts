/** What an answer means for the request that was sent. */
export type Verdict =
  | { readonly outcome: 'done' }
  /** The server will not have it: there is no use in sending it again. */
  | { readonly outcome: 'dead' }
  /** Sent again later, after so long where the server says how long. */
  | { readonly outcome: 'later'; readonly retryAfterMs: number | undefined }

/** Of the 4xx those that say something about now and nothing about the request. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])

export function verdictOf(status: number, retryAfter: string | null, now: number): Verdict {
  if (status >= 200 && status < 300) return { outcome: 'done' }
  if (status >= 500 || PASSING.has(status)) return { outcome: 'later', retryAfterMs: parseRetryAfter(retryAfter, now) }
  return { outcome: 'dead' }
}

/** Longer than that no server is believed. */
const MAX_RETRY_AFTER_MS = 3_600_000

/** Seconds, or a date. `undefined` for anything else. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS)
}
