import { describe, PartylineError, toWorkerName, type BrokerAddress } from '../../protocol/index.ts'
import type { ConnectOptions } from '../types.ts'
import { Election } from './election.ts'
import type { Host } from './host.ts'
import { recordScript } from './worker-script.ts'

/**
 * The broker in a dedicated worker of one tab, which all tabs elect: one connection, as long as a leader lives.
 * When it goes, however it goes, the browser hands its lock to the next, whose worker takes over; that costs about
 * as long as a worker takes to start. Tabs attach to it anew by themselves.
 *
 * `open` rejects with `worker-failed` where there are no dedicated workers, no Web Locks (insecure contexts) or no
 * BroadcastChannel.
 */
export function electedHost(worker: ConnectOptions['worker']): Host {
  let election: Election | undefined
  return {
    name: 'elected',
    async open(address, signal) {
      signal.throwIfAborted()
      refuseWithout(['Worker', 'BroadcastChannel'])
      if (!election?.isFor(address)) {
        election?.leave()
        election = new Election(address, () => startWorker(worker, address))
      }
      return election.open(signal)
    },
    leave(...why) {
      election?.leave(...why)
      election = undefined
    },
  }
}

function refuseWithout(globals: readonly string[]): void {
  const missing = globals.filter(name => !(name in globalThis))
  if ((navigator.locks as LockManager | undefined) === undefined) missing.push('navigator.locks')
  if (missing.length > 0)
    throw new PartylineError('worker-failed', `no broker can be elected: this page has no ${missing.join(', no ')}`, {
      retryable: true,
    })
}

/** @throws PartylineError */
function startWorker(worker: ConnectOptions['worker'], address: BrokerAddress): Worker {
  const name = toWorkerName(address)
  const { url, options } = recordScript(worker, name)
  try {
    return new Worker(url, { ...options, name })
  } catch (error) {
    // Another origin, or a content security policy in some browsers.
    throw new PartylineError('worker-failed', `no worker; it threw ${describe(error)}`, {
      retryable: true,
      cause: error,
    })
  }
}
