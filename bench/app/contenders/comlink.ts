import { proxy, wrap } from 'comlink'
import type { CallbackService } from '../workers/comlink.worker.ts'
import type { Attach } from './contender.ts'

/** A callback of each tab in the worker, called once an event. */
export const attach: Attach = async receive => {
  const worker = new SharedWorker(new URL('../workers/comlink.worker.ts', import.meta.url), {
    type: 'module',
    name: 'comlink',
  })
  const service = wrap<CallbackService>(worker.port)
  await service.subscribe(proxy(receive))
  return { run: load => service.run(load), stop: () => service.stop() }
}
