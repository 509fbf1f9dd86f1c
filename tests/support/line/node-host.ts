import type { BrokerHost } from '../../../src/worker/host.ts'

export interface NodeHost extends BrokerHost {
  /** The Web Locks that tabs hold. */
  readonly locks: Set<string>
  readonly errors: unknown[]
}

/** A broker's host in Node: real clock and timers, locks as a set that tests take from. */
export function nodeHost(): NodeHost {
  const locks = new Set<string>()
  const errors: unknown[] = []
  let ids = 0
  return {
    locks,
    errors,
    now: () => performance.now(),
    random: () => Math.random(),
    randomId: () => `id-${++ids}`,
    setTimer(ms, run) {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
    heldLocks: async () => new Set(locks),
    reportError: error => errors.push(error),
  }
}
