export interface BackoffPolicy {
  /** Upper bound of the first delay. */
  readonly baseMs: number
  /** Upper bound of every delay. */
  readonly maxMs: number
}

/**
 * Exponential backoff with full jitter: anywhere between zero and a bound that doubles with each
 * failure, so that many clients that failed together do not come back together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * @param failures consecutive failures so far, at least 1
 * @param random a number in [0, 1)
 */
export function fullJitter(failures: number, random: number, { baseMs, maxMs }: BackoffPolicy): number {
  const bound = Math.min(maxMs, baseMs * 2 ** (failures - 1))
  return Math.round(random * bound)
}
