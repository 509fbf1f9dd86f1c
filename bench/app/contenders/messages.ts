import type { BenchEvent } from '../../lib/load.mjs'
import { attachToPort } from './port.ts'
import type { Attach } from './contender.ts'

/** One `postMessage` an event. */
export const attach: Attach = receive => {
  const worker = new SharedWorker(new URL('../workers/messages.worker.ts', import.meta.url), {
    type: 'module',
    name: 'messages',
  })
  return attachToPort(worker.port, event => receive(event as BenchEvent))
}
