import { fromWireError, type Op, type OpFailure, type PartylineError } from '../protocol/index.ts'

/** Something that was asked. While it is `waiting` no broker has heard of it. */
export interface Asked {
  readonly waiting: boolean
  /** May be another when it is asked again. */
  op: Op
}

interface Entry extends Asked {
  /** The broker refused it, or nobody knows whether it reached one. */
  readonly failed: ((error: PartylineError) => void) | undefined
  waiting: boolean
}

/** Gathers what the tab asks in one tick into one call, and keeps it while no broker is attached. */
export class Asking {
  #queue: Entry[] = []
  #post: ((ops: readonly Op[]) => Promise<readonly OpFailure[]>) | undefined

  ask(op: Op, failed?: (error: PartylineError) => void): Asked {
    const entry: Entry = { op, failed, waiting: true }
    if (this.#queue.push(entry) === 1) queueMicrotask(() => this.#flush())
    return entry
  }

  /** Asks once more, before all else that waits. */
  askAgain(asked: readonly Asked[]): void {
    const entries = asked as Entry[]
    for (const entry of entries) entry.waiting = true
    this.#queue = [...entries, ...this.#queue]
  }

  /** Takes back what is `waiting`. */
  withdraw(asked: Asked): void {
    this.#queue = this.#queue.filter(entry => entry !== asked)
  }

  attached(post: (ops: readonly Op[]) => Promise<readonly OpFailure[]>): void {
    this.#post = post
    this.#flush()
  }

  /** Messages go to the next broker; all else is said anew when the tab attaches there. */
  detached(): void {
    this.#post = undefined
    this.#queue = this.#queue.filter(({ op }) => op.op === 'publish')
  }

  #flush(): void {
    if (!this.#post || this.#queue.length === 0) return
    const entries = this.#queue
    this.#queue = []
    for (const entry of entries) entry.waiting = false
    this.#post(entries.map(({ op }) => op)).then(
      failures => {
        for (const { index, error } of failures) entries[index]?.failed?.(fromWireError(error))
      },
      (error: PartylineError) => {
        // A retryable error is the end of the attachment, which settles what was under way.
        if (!error.retryable) for (const { failed } of entries) failed?.(error)
      },
    )
  }
}
