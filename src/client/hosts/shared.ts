import { toWorkerName, type PartylineError } from '../../protocol/index.ts'
import { retryable } from '../retryable.ts'
import type { ConnectOptions, WorkerOptions } from '../types.ts'
import { portLink, type Host } from './host.ts'

/** The broker in a SharedWorker: the only host in which all tabs have one connection whatever happens to a tab. */
export function sharedHost(worker: ConnectOptions['worker']): Host {
  return {
    name: 'shared',
    async open(address, _signal, script) {
      const options: WorkerOptions = { name: toWorkerName(address), extendedLifetime: true }
      const shared = script ? new SharedWorker(script.url, { ...options, type: script.type }) : worker(options)
      const failed = new Promise<PartylineError>(resolve => {
        // Browsers tell no reason here: 404, a content security policy and a syntax error look the same.
        shared.addEventListener('error', ({ message }) =>
          resolve(retryable('worker-failed', `no worker; is its URL right? ${message}`)),
        )
      })
      return portLink(shared.port, failed)
    },
    leave() {},
  }
}
