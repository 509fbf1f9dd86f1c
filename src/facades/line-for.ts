import { connect, type ConnectOptions, type Line } from '../client/index.ts'

/** What opens the app's worker, for all faces of a tab. */
export interface FaceWorker {
  readonly worker: ConnectOptions['worker']
}

let worker: FaceWorker['worker'] = options => new SharedWorker('/partyline.worker.js', { ...options, type: 'module' })

/**
 * Says where the app's worker is; to be called before the first connection is made. Without it that is
 * `/partyline.worker.js`, a module. The URL must stand inside the call, or bundlers do not see the worker.
 *
 * @example
 * useWorker(options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }))
 */
export function useWorker(open: FaceWorker['worker']): void {
  worker = open
}

export function lineFor(options: Omit<ConnectOptions, 'worker'>): Line {
  return connect({ worker, ...options })
}
