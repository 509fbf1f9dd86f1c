import { fromWireError, type Op, type OpFailure, type PartylineError } from '../protocol/index.ts'

/** Something to ask. */
export interface Asked {
  /** May be another when it is asked again. */
  op: Op
  /** The broker refused it, or nobody knows whether it reached one. */
  readonly failed?: ((error: PartylineError) => void) | undefined
}

/** Gathers what the tab asks in one tick into one call, and keeps it while no broker is attached. */
export interface Asking {
  ask(asked: Asked): void
  /** Asks once more, before all else that waits. */
  askAgain(asked: readonly Asked[]): void
  /** No broker has heard of it. */
  isWaiting(asked: Asked | undefined): boolean
  /** Takes back what is waiting. */
  withdraw(asked: Asked): void
  attached(post: (ops: readonly Op[]) => Promise<readonly OpFailure[]>): void
  /** Messages go to the next broker; all else is said anew when the tab attaches there. */
  detached(): void
}

export function startAsking(): Asking {
  let queue = new Set<Asked>()
  let post: Parameters<Asking['attached']>[0] | undefined

  function flush(): void {
    if (!post || queue.size === 0) return
    const all = [...queue]
    queue.clear()
    post(all.map(({ op }) => op)).then(
      failures => {
        for (const { index, error } of failures) all[index]?.failed?.(fromWireError(error))
      },
      (error: PartylineError) => {
        // A retryable error is the end of the attachment, which settles what was under way.
        if (!error.retryable) for (const { failed } of all) failed?.(error)
      },
    )
  }

  return {
    ask(asked) {
      if (queue.add(asked).size === 1) queueMicrotask(flush)
    },
    askAgain(asked) {
      queue = new Set([...asked, ...queue])
    },
    isWaiting: asked => queue.has(asked as Asked),
    withdraw: asked => queue.delete(asked),
    attached(to) {
      post = to
      flush()
    },
    detached() {
      post = undefined
      for (const asked of queue) if (asked.op.op !== 'publish') queue.delete(asked)
    },
  }
}
