import { Queue } from 'workbox-background-sync'
import type { BenchEvent } from '../../lib/load.mjs'

export interface BurstRequest {
  readonly scope: string
  /** Registers for Background Sync, as is the default, at every request. */
  readonly withSync: boolean
  readonly events: readonly BenchEvent[]
  /** Deletes what is stored. */
  readonly isLast?: boolean
}

export interface BurstResponse {
  readonly ms: number
}

/** Nothing is sent: only the storing is measured. */
const onSync = async (): Promise<void> => {}
const queues = new Map<string, Queue>()

function queueOf({ scope, withSync }: BurstRequest): Queue {
  const queue = queues.get(scope) ?? new Queue(scope, { onSync, forceSyncFallback: !withSync })
  queues.set(scope, queue)
  return queue
}

async function burst(request: BurstRequest): Promise<BurstResponse> {
  const queue = queueOf(request)
  const requests = request.events.map(event => new Request('/orders', { method: 'POST', body: JSON.stringify(event) }))
  const start = performance.now()
  await Promise.all(requests.map(one => queue.pushRequest({ request: one })))
  return { ms: performance.now() - start }
}

function clear(): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('workbox-background-sync')
    opening.addEventListener('error', () => reject(opening.error ?? new Error('the queue did not open')))
    opening.addEventListener('success', () => {
      const transaction = opening.result.transaction('requests', 'readwrite')
      transaction.objectStore('requests').clear()
      transaction.addEventListener('complete', () => {
        opening.result.close()
        resolve()
      })
    })
  })
}

async function answer(request: BurstRequest, port: MessagePort | undefined): Promise<void> {
  if (request.isLast === true) await clear()
  port?.postMessage(request.isLast === true ? { ms: 0 } : await burst(request))
}

addEventListener('message', event => {
  const { data, ports } = event as MessageEvent<BurstRequest>
  const answering = answer(data, ports[0])
  ;(event as unknown as { waitUntil(promise: Promise<void>): void }).waitUntil(answering)
})
