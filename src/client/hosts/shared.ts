import { PartylineError, toWorkerName } from '../../protocol/index.ts'
import type { ConnectOptions } from '../types.ts'
import type { Host } from './host.ts'

/** The broker in a SharedWorker: the only host in which all tabs have one connection whatever happens to a tab. */
export function sharedHost(worker: ConnectOptions['worker']): Host {
  if (typeof SharedWorker === 'undefined') throw new PartylineError('no-shared-worker', 'this page has no SharedWorker')
  return {
    name: 'shared',
    open(address) {
      const shared = worker({ name: toWorkerName(address) })
      return {
        control: shared.port,
        failed: new Promise(resolve => {
          // Browsers tell no reason here: 404, a content security policy and a syntax error look the same.
          shared.addEventListener('error', ({ message }) =>
            resolve(
              new PartylineError('worker-failed', `no worker; is its URL right? ${message}`, { retryable: true }),
            ),
          )
        }),
        close: () => shared.port.close(),
      }
    },
  }
}
