import type { Notes } from '../../outbox/index.ts'
import { NO_COUNTS, type CacheCounts } from '../../protocol/index.ts'

const WRITE_EVERY_MS = 500

/** Counts for each scope how its requests were answered, and writes it down now and then. */
export class Tally {
  readonly #notes: Pick<Notes, 'addCounts'>
  readonly #reportError: (error: unknown) => void
  readonly #counts = new Map<string, CacheCounts>()
  #written: Promise<void> | undefined

  constructor(notes: Pick<Notes, 'addCounts'>, reportError: (error: unknown) => void) {
    this.#notes = notes
    this.#reportError = reportError
  }

  /** Resolves when it is written down: a worker that is stopped before that has not counted. */
  count(scope: string, what: keyof CacheCounts): Promise<void> {
    const sofar = this.#counts.get(scope) ?? NO_COUNTS
    this.#counts.set(scope, { ...sofar, [what]: sofar[what] + 1 })
    return (this.#written ??= this.#writeSoon())
  }

  /** What was counted of it and not yet written is of no interest any more. */
  forget(scope: string): void {
    this.#counts.delete(scope)
  }

  async #writeSoon(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, WRITE_EVERY_MS))
    this.#written = undefined
    // Each is taken when its turn comes: it may be forgotten before that.
    for (const [scope, sum] of this.#counts) {
      this.#counts.delete(scope)
      await this.#notes.addCounts(scope, sum).catch(this.#reportError)
    }
  }
}
