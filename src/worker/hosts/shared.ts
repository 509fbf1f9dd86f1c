import { fromWorkerName } from '../../protocol/index.ts'
import { openReception, successively, type BrokerOptionsSource } from './reception.ts'

export interface SharedWorkerGlobal {
  readonly name: string
  addEventListener(type: 'connect', listener: (event: MessageEvent) => void): void
  close(): void
}

/**
 * A SharedWorker: each tab that opens it brings a port. It would live as long as those of its tabs that another broker
 * serves by now; a later tab of the same deploy starts it anew.
 */
export function serveShared(worker: SharedWorkerGlobal, source: BrokerOptionsSource): void {
  const place = { host: 'shared', forgottenTabs: new Set<string>(), drained: () => worker.close() } as const
  const present = successively(() => openReception(() => fromWorkerName(worker.name), source, place))
  worker.addEventListener('connect', ({ ports }) => {
    for (const port of ports) present().accept(port)
  })
}
