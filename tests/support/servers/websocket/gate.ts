export type Limited = 'connections' | 'messages'

/** What is let in no more for a while, because there was too much of it. */
export class Gate {
  readonly #closedUntil = new Map<Limited, number>()

  limit(what: Limited, retryAfterMs: number): void {
    this.#closedUntil.set(what, performance.now() + retryAfterMs)
  }

  /** `undefined` when it is let in. */
  retryAfterMs(what: Limited): number | undefined {
    const restMs = (this.#closedUntil.get(what) ?? 0) - performance.now()
    return restMs > 0 ? Math.ceil(restMs) : undefined
  }
}
