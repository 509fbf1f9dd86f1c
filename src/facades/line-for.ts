import { baseLine, type BaseLine, type LineOptions } from '../client/base-line.ts'
import { hostsFor } from '../client/hosts/hosts-for.ts'
import type { ConnectOptions } from '../client/index.ts'
import type { Message } from '../client/outgoing.ts'

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

/** @throws PartylineError `bad-options` */
export function lineFor(options: Omit<LineOptions, 'timeoutMs'>): BaseLine {
  return baseLine(hostsFor(worker), { timeoutMs: 10_000, ...options })
}

/**
 * Sends a message and does not store it. Resolves when it is sent, or with the server's answer.
 * @throws PartylineError `invalid-payload`, `not-sent`, `unconfirmed`, `too-many-pending`, `line-closed`; the server's answer
 *   may be `rejected`
 */
export function sendNow(line: BaseLine, message: Message, until: 'safe' | 'acknowledged'): Promise<unknown> {
  return new Promise((resolve, failed) => {
    line.send(message, { safe() {}, acknowledged() {}, failed, [until]: resolve })
  })
}
