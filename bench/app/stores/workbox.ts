// oxlint-disable-next-line import/default -- what Vite makes of the file
import serviceWorker from '../workers/workbox.service-worker.ts?worker&url'
import type { BurstRequest, BurstResponse } from '../workers/workbox.service-worker.ts'
import type { OpenStore } from './store.ts'

/**
 * Workbox's queue lives in a service worker. It is measured there, from the first `pushRequest` on, so that the way from
 * the page costs it nothing.
 */
const open =
  (withSync: boolean): OpenStore =>
  async scope => {
    const worker = await activeWorker()
    const ask = (request: BurstRequest): Promise<BurstResponse> =>
      new Promise(resolve => {
        const { port1, port2 } = new MessageChannel()
        port1.addEventListener('message', ({ data }) => resolve(data as BurstResponse), { once: true })
        port1.start()
        worker.postMessage(request, [port2])
      })
    return {
      async burst(events) {
        return (await ask({ scope, withSync, events })).ms
      },
      async end() {
        await ask({ scope, withSync, events: [], isLast: true })
      },
    }
  }

export const openWithSync = open(true)
export const openWithoutSync = open(false)

/** It need not control the page. */
async function activeWorker(): Promise<ServiceWorker> {
  const { active, installing, waiting } = await navigator.serviceWorker.register(serviceWorker, { type: 'module' })
  const worker = active ?? waiting ?? installing
  if (worker === null) throw new Error('there is no service worker')
  while (worker.state !== 'activated')
    await new Promise(resolve => {
      worker.addEventListener('statechange', resolve, { once: true })
    })
  return worker
}
