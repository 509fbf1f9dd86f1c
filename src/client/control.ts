import { transfer, wrap } from 'comlink'
import { fromWireError, PartylineError, type Outcome } from '../protocol/index.ts'

export type ControlMethod = 'attach' | 'ask' | 'stats' | 'ping' | 'bye'

export interface CallOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

type Remote = { readonly [method in ControlMethod]: (...args: unknown[]) => Promise<Outcome<unknown>> }

/**
 * Calls to one broker. Comlink alone waits for ever for a broker that is gone; here every call rejects
 * after its time-out, when its signal aborts, and as soon as the broker's epoch ends.
 */
export class Control {
  readonly #remote: Remote
  /** Aborts with the error that ended the epoch. */
  readonly #ended: AbortSignal

  constructor(port: MessagePort, ended: AbortSignal) {
    this.#remote = wrap(port)
    this.#ended = ended
  }

  async call<T>(method: ControlMethod, args: unknown[], { timeoutMs, signal }: CallOptions): Promise<T> {
    const outcome = await settleWithin(() => this.#remote[method](...args), method, timeoutMs, [this.#ended, signal])
    if (outcome.ok) return outcome.value as T
    throw fromWireError(outcome.error)
  }
}

/** An argument that moves to the broker. */
export function moved(port: MessagePort): MessagePort {
  return transfer(port, [port])
}

function settleWithin<T>(
  run: () => Promise<T>,
  method: string,
  timeoutMs: number,
  signals: readonly (AbortSignal | undefined)[],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = new AbortController()
    const timer = setTimeout(() => {
      fail(new PartylineError('call-timeout', `no answer to ${method} within ${timeoutMs} ms`, { retryable: true }))
    }, timeoutMs)
    function fail(error: Error): void {
      clearTimeout(timer)
      done.abort()
      reject(error)
    }
    for (const signal of signals) {
      if (signal?.aborted) return fail(signal.reason as Error)
      signal?.addEventListener('abort', () => fail(signal.reason as Error), { signal: done.signal })
    }
    run()
      .finally(() => {
        clearTimeout(timer)
        done.abort()
      })
      .then(resolve, reject)
  })
}
