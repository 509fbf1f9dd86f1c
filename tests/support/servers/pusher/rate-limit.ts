const WINDOW_MS = 1_000

/** So many in any second. */
export class RateLimit {
  readonly #perSecond: number
  #taken: number[] = []

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** False when there was too much already. */
  take(): boolean {
    const now = performance.now()
    this.#taken = this.#taken.filter(at => now - at < WINDOW_MS)
    if (this.#taken.length >= this.#perSecond) return false
    this.#taken.push(now)
    return true
  }
}
