export interface LedgerEntry {
  readonly key: string
  readonly lane: string
  readonly n: number
}

/** What a server has taken in that knows a message again by its idempotency key; outlives the server's restarts. */
export class Ledger {
  readonly entries: LedgerEntry[] = []
  /** Messages that came again. */
  repeated = 0
  readonly #keys = new Set<string>()

  /** False for one that was taken in before. */
  take(entry: LedgerEntry): boolean {
    if (this.#keys.has(entry.key)) {
      this.repeated++
      return false
    }
    this.#keys.add(entry.key)
    this.entries.push(entry)
    return true
  }

  /** The numbers of one lane, in the order in which they were taken in first. */
  numbers(lane: string): number[] {
    return this.entries.flatMap(entry => (entry.lane === lane ? [entry.n] : []))
  }
}
