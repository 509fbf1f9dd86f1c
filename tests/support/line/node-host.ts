import type { BrokerHost } from '../../../src/worker/host.ts'
import { deleteOutbox } from '../../../src/outbox/index.ts'
import { nodeStorage } from './storage.ts'

export interface NodeHost extends BrokerHost {
  /** The Web Locks that tabs hold. */
  readonly locks: Set<string>
  readonly errors: unknown[]
}

/** What several brokers of one browser share. */
export interface Surroundings {
  readonly locks?: Set<string>
  readonly peers?: NonNullable<BrokerHost['peers']>
  /** @default one of its own */
  readonly openOutbox?: BrokerHost['openOutbox']
}

let ids = 0

/** Never the same twice in this process. */
export function nextId(): string {
  return `id-${++ids}`
}

/** A broker's host in Node: real clock and timers, locks as a set that tests take from. */
export function nodeHost({
  locks = new Set(),
  openOutbox = nodeStorage(),
  ...surroundings
}: Surroundings = {}): NodeHost {
  const errors: unknown[] = []
  return {
    ...surroundings,
    openOutbox,
    deleteOutbox,
    locks,
    errors,
    now: () => performance.now(),
    random: () => Math.random(),
    randomId: nextId,
    setTimer(ms, run) {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
    heldLocks: async () => new Set(locks),
    wallClock: () => Date.now(),
    script: { url: 'https://app.example/partyline.worker.js', type: 'module' },
    reportError: error => errors.push(error),
  }
}
