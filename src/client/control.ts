import { transfer, wrap } from 'comlink'
import { fromWireError, type Outcome } from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { TabPort } from './hosts/host.ts'
import { retryable } from './retryable.ts'

export type ControlMethod = 'attach' | 'ask' | 'stats' | 'outbox' | 'ping' | 'suspend' | 'forget' | 'bye'

export type Control = (method: ControlMethod, args: unknown[], signal?: AbortSignal) => Promise<unknown>

type Remote = { readonly [method in ControlMethod]: (...args: unknown[]) => Promise<Outcome<unknown>> }

/**
 * Calls to one broker. Comlink alone waits for ever for a broker that is gone; here every call rejects
 * after its time-out, when its signal aborts, and as soon as the broker's epoch ends.
 *
 * @param ended aborts with the error that ended the epoch
 */
export function control(port: TabPort, timeoutMs: number, ended: AbortSignal): Control {
  const remote = wrap<unknown>(port as MessagePort) as unknown as Remote
  return async (method, args, signal) => {
    const expired = AbortSignal.timeout(timeoutMs)
    try {
      const outcome = await abortable([ended, signal, expired], () => remote[method](...args))
      if (outcome.ok) return outcome.value
      throw fromWireError(outcome.error)
    } catch (error) {
      if (error !== expired.reason) throw error
      throw retryable('call-timeout', `no answer to ${method} within ${timeoutMs} ms`)
    }
  }
}

/** An argument that moves to the broker. */
export function moving(port: MessagePort): MessagePort {
  return transfer(port, [port])
}
