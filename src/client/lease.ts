import type { Lease } from '../protocol/index.ts'

export interface HeldLease {
  readonly lease: Lease
  release(): void
}

/**
 * What tells the broker that this tab is alive: a Web Lock, which the browser releases when the tab closes,
 * navigates or crashes. Where there are none (insecure contexts) or one is refused, the tab has to speak up
 * now and then. Never rejects.
 */
export function takeLease(tabId: string): Promise<HeldLease> {
  const name = `partyline:tab:${tabId}`
  return new Promise(resolve => {
    const bySilence = (): void => resolve({ lease: { kind: 'silence' }, release() {} })
    const locks = navigator.locks as LockManager | undefined
    if (!locks) return bySilence()
    locks
      .request(name, () => new Promise<void>(release => resolve({ lease: { kind: 'lock', name }, release })))
      .catch(bySilence)
  })
}
