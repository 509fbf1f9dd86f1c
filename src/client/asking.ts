import type { Op, OpFailure, PartylineError } from '../protocol/index.ts'
import { fromWireError } from '../protocol/index.ts'

export interface AskListener {
  /** It is on its way: from here on the broker may have acted on it. */
  posted?(): void
  /** The broker refused it, or nobody knows whether it reached one. */
  failed?(error: PartylineError): void
}

interface Entry extends AskListener {
  readonly op: Op
}

/** Gathers what the tab asks in one tick into one call, and keeps it while no broker is attached. */
export class Asking {
  #queue: Entry[] = []
  #post: ((ops: readonly Op[]) => Promise<readonly OpFailure[]>) | undefined
  #scheduled = false

  ask(op: Op, listener: AskListener = {}): void {
    this.#queue.push({ op, ...listener })
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => this.#flush())
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
    this.#scheduled = false
    const post = this.#post
    if (post === undefined || this.#queue.length === 0) return
    const entries = this.#queue
    this.#queue = []
    for (const entry of entries) entry.posted?.()
    post(entries.map(({ op }) => op)).then(
      failures => {
        for (const { index, error } of failures) entries[index]?.failed?.(fromWireError(error))
      },
      (error: PartylineError) => {
        for (const entry of entries) entry.failed?.(error)
      },
    )
  }
}
