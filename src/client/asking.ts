import { fromWireError, type Op, type OpFailure, type PartylineError } from '../protocol/index.ts'

/** Something to ask. */
export interface Asked {
  /** May be another when it is asked again. */
  op: Op
  /** The broker refused it, or nobody knows whether it reached one. */
  readonly failed?: ((error: PartylineError) => void) | undefined
}

/** Gathers what the tab asks in one tick into one call, and keeps it while no broker is attached. */
export class Asking {
  #queue = new Set<Asked>()
  #post: ((ops: readonly Op[]) => Promise<readonly OpFailure[]>) | undefined

  ask(asked: Asked): void {
    if (this.#queue.add(asked).size === 1) queueMicrotask(() => this.#flush())
  }

  /** Asks once more, before all else that waits. */
  askAgain(asked: readonly Asked[]): void {
    this.#queue = new Set([...asked, ...this.#queue])
  }

  /** No broker has heard of it. */
  isWaiting(asked: Asked): boolean {
    return this.#queue.has(asked)
  }

  /** Takes back what is waiting. */
  withdraw(asked: Asked): void {
    this.#queue.delete(asked)
  }

  attached(post: (ops: readonly Op[]) => Promise<readonly OpFailure[]>): void {
    this.#post = post
    this.#flush()
  }

  /** Messages go to the next broker; all else is said anew when the tab attaches there. */
  detached(): void {
    this.#post = undefined
    for (const asked of this.#queue) if (asked.op.op !== 'publish') this.#queue.delete(asked)
  }

  #flush(): void {
    if (!this.#post || this.#queue.size === 0) return
    const all = [...this.#queue]
    this.#queue.clear()
    this.#post(all.map(({ op }) => op)).then(
      failures => {
        for (const { index, error } of failures) all[index]?.failed?.(fromWireError(error))
      },
      (error: PartylineError) => {
        // A retryable error is the end of the attachment, which settles what was under way.
        if (!error.retryable) for (const { failed } of all) failed?.(error)
      },
    )
  }
}
