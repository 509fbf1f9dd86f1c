import { toLeaseName, type BrokerAddress, type Lease } from '../protocol/index.ts'

/**
 * What tells the broker that this tab is alive: a Web Lock, which the browser releases when the tab closes, navigates
 * or crashes. Where there are none (insecure contexts) or one is refused, the broker goes by the tab's answers.
 */
export interface TabLease {
  /** Holds the lease for this broker, and no other any more. Never rejects. */
  take(address: BrokerAddress): Promise<Lease>
  /** Idempotent. */
  drop(): void
}

export function tabLease(tabId: string): TabLease {
  let release = (): void => {}
  let held: string | undefined
  let lease: Promise<Lease>

  function request(name: string): Promise<Lease> {
    return new Promise(resolve => {
      const bySilence = (): void => resolve({ kind: 'silence' })
      const locks = navigator.locks as LockManager | undefined
      if (!locks) return bySilence()
      const released = new Promise<void>(resolved => {
        release = resolved
      })
      const hold = (): Promise<void> => {
        resolve({ kind: 'lock', name })
        return released
      }
      locks.request(name, hold).catch(() => {
        bySilence()
        // Taken away by somebody else's `steal`: to be asked for anew.
        if (held === name) held = undefined
      })
    })
  }

  return {
    take(address) {
      const name = toLeaseName(address, tabId)
      if (held !== name) {
        const releaseEarlier = release
        held = name
        lease = request(name)
        void lease.then(releaseEarlier)
      }
      return lease
    },
    drop() {
      held = undefined
      release()
    },
  }
}
