import { fromWorkerName } from '../../protocol/index.ts'
import { openReception, successively, type BrokerOptionsSource } from './reception.ts'

export interface SharedWorkerGlobal {
  readonly name: string
  addEventListener(type: 'connect', listener: (event: MessageEvent) => void): void
}

/** A SharedWorker: each tab that opens it brings a port. */
export function serveShared(worker: SharedWorkerGlobal, source: BrokerOptionsSource): void {
  const place = { host: 'shared', forgottenTabs: new Set<string>() } as const
  const present = successively(() => openReception(() => fromWorkerName(worker.name), source, place))
  worker.addEventListener('connect', ({ ports }) => {
    for (const port of ports) present().accept(port)
  })
}
