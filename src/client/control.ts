import { transfer, wrap } from 'comlink'
import { fromWireError, PartylineError, type Outcome } from '../protocol/index.ts'
import { abortable } from './abortable.ts'

export type ControlMethod = 'attach' | 'ask' | 'stats' | 'bye'

export type Control = <T>(method: ControlMethod, args: unknown[], timeoutMs: number, signal?: AbortSignal) => Promise<T>

/**
 * Calls to one broker. Comlink alone waits for ever for a broker that is gone; here every call rejects
 * after its time-out, when its signal aborts, and as soon as the broker's epoch ends.
 *
 * @param ended aborts with the error that ended the epoch
 */
export function control(port: MessagePort, ended: AbortSignal): Control {
  const remote = wrap<{ readonly [method in ControlMethod]: (...args: unknown[]) => Outcome<unknown> }>(port)
  return async <T>(method: ControlMethod, args: unknown[], timeoutMs: number, signal?: AbortSignal) => {
    const outcome = await abortable([ended, signal], done =>
      Promise.race([remote[method](...args), timeout(method, timeoutMs, done)]),
    )
    if (outcome.ok) return outcome.value as T
    throw fromWireError(outcome.error)
  }
}

/** An argument that moves to the broker. */
export function moved(port: MessagePort): MessagePort {
  return transfer(port, [port])
}

function timeout(method: string, ms: number, done: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(
      () => reject(new PartylineError('call-timeout', `no answer to ${method} within ${ms} ms`, { retryable: true })),
      ms,
    )
    done.addEventListener('abort', () => clearTimeout(timer))
  })
}
