/** What the server takes before it refuses; none of them limits unless it is given. */
export interface Limits {
  readonly connections?: number
  readonly channelsPerConnection?: number
  /** Of all connections together. */
  readonly joinsPerSecond?: number
  /** Broadcasts of all channels together. */
  readonly messagesPerSecond?: number
  /** Of one channel: `track` and `untrack` calls. Supabase's own: 5. */
  readonly presencePer30Seconds?: number
}

/** Counts what happens within a time that goes along. */
export class Rate {
  readonly #most: number
  readonly #windowMs: number
  readonly #times: number[] = []

  constructor(most: number | undefined, windowMs: number) {
    this.#most = most ?? Infinity
    this.#windowMs = windowMs
  }

  /** False for one too many, which is not counted. */
  take(): boolean {
    if (this.#most === Infinity) return true
    const now = performance.now()
    while (this.#times.length > 0 && now - (this.#times[0] ?? now) > this.#windowMs) this.#times.shift()
    if (this.#times.length >= this.#most) return false
    this.#times.push(now)
    return true
  }
}
