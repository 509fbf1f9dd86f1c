import type { Lease } from '../protocol/index.ts'

/**
 * What tells the broker that this tab is alive, until `closed` aborts: a Web Lock, which the browser releases
 * when the tab closes, navigates or crashes. Where there are none (insecure contexts) or one is refused, the
 * broker goes by the tab's acknowledgements. Never rejects.
 */
export function takeLease(tabId: string, closed: AbortSignal): Promise<Lease> {
  const name = `partyline:tab:${tabId}`
  return new Promise(resolve => {
    const bySilence = (): void => resolve({ kind: 'silence' })
    const locks = navigator.locks as LockManager | undefined
    if (!locks) return bySilence()
    const held = (): Promise<void> =>
      new Promise(release => {
        resolve({ kind: 'lock', name })
        if (closed.aborted) release()
        else closed.addEventListener('abort', () => release())
      })
    locks.request(name, held).catch(bySilence)
  })
}
