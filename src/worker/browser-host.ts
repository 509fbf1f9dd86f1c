import type { BrokerHost } from './host.ts'

/** The browser's own globals, in a worker of any kind. */
export function browserHost(): BrokerHost {
  return {
    now: () => performance.now(),
    random: () => Math.random(),
    randomId: () => Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join(''),
    setTimer(ms, run) {
      // A longer delay would fire at once.
      const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1))
      return () => clearTimeout(timer)
    },
    async heldLocks() {
      // Not there in insecure contexts, whatever the type says.
      const locks = navigator.locks as LockManager | undefined
      const snapshot = await locks?.query()
      return snapshot && new Set(snapshot.held?.map(lock => lock.name ?? ''))
    },
    reportError: error => reportError(error),
  }
}
