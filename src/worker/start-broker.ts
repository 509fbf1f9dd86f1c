import { fromWorkerName, PROTOCOL_VERSION, toWireError, type Announce } from '../protocol/index.ts'
import { createBroker, type Broker } from './broker.ts'
import { browserHost } from './browser-host.ts'
import type { Port } from './host.ts'
import { resolveOptions, type BrokerOptions } from './options.ts'

interface SharedWorkerGlobal {
  readonly name: string
  addEventListener(type: 'connect', listener: (event: MessageEvent) => void): void
}

/**
 * Starts the broker in this worker. To be called once, while the worker's script runs for the first time:
 * a tab that connects later than that is not heard.
 *
 * Options that are wrong do not throw here, where nobody would see it: every tab that connects gets a
 * `bad-options` error that names them.
 *
 * @example
 * startBroker({ transport: socketIo({ url: 'https://api.example.com' }) })
 */
export function startBroker(options: BrokerOptions): void {
  const worker = globalThis as unknown as SharedWorkerGlobal
  const accept = acceptor(worker.name, options)
  worker.addEventListener('connect', event => {
    for (const port of event.ports) accept(port)
  })
}

function acceptor(name: string, options: BrokerOptions): (port: Port) => void {
  try {
    const { scope } = fromWorkerName(name)
    const broker: Broker = createBroker({ host: browserHost(), scope, options: resolveOptions(options) })
    return port => broker.accept(port)
  } catch (error) {
    const announce: Announce = {
      type: 'partyline:announce',
      protocol: PROTOCOL_VERSION,
      epoch: 'not-started',
      error: toWireError(error),
    }
    return port => port.postMessage(announce)
  }
}
