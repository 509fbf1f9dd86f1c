import { toLeaseName, type BrokerAddress, type Lease } from '../protocol/index.ts'

/**
 * What tells the broker that this tab is alive: a Web Lock, which the browser releases when the tab closes, navigates
 * or crashes. Where there are none (insecure contexts) or one is refused, the broker goes by the tab's answers.
 */
export class TabLease {
  readonly #tabId: string
  #release = (): void => {}
  #held: { readonly name: string; readonly lease: Promise<Lease> } | undefined

  constructor(tabId: string) {
    this.#tabId = tabId
  }

  /** Holds the lease for this broker, and no other any more. Never rejects. */
  async take(address: BrokerAddress): Promise<Lease> {
    const name = toLeaseName(address, this.#tabId)
    if (this.#held?.name !== name) {
      const releaseEarlier = this.#release
      this.#held = { name, lease: this.#request(name) }
      void this.#held.lease.then(releaseEarlier)
    }
    return this.#held.lease
  }

  /** Idempotent. */
  drop(): void {
    this.#held = undefined
    this.#release()
  }

  #request(name: string): Promise<Lease> {
    return new Promise(resolve => {
      const bySilence = (): void => resolve({ kind: 'silence' })
      const locks = navigator.locks as LockManager | undefined
      if (!locks) return bySilence()
      const released = new Promise<void>(release => {
        this.#release = release
      })
      const held = (): Promise<void> => {
        resolve({ kind: 'lock', name })
        return released
      }
      locks.request(name, held).catch(() => {
        bySilence()
        // Taken away by somebody else's `steal`: to be asked for anew.
        if (this.#held?.name === name) this.#held = undefined
      })
    })
  }
}
