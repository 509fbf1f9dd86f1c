import { openNotes, type StaleStamp } from '../../outbox/index.ts'
import { brokersChannel, cachePrefix, type CacheCounts, type StaleRule } from '../../protocol/index.ts'

/** What the broker does about the answers that the app's service worker keeps, also while that is stopped. */
export interface AnswerCaches {
  /** Which events make which routes stale. */
  rules(): Promise<readonly StaleRule[]>
  markStale(stamps: readonly StaleStamp[]): Promise<void>
  counts(scope: string): Promise<CacheCounts>
  /** Deletes all that is kept of a scope. What only the service worker can delete it does when it runs next. */
  wipe(scope: string): Promise<void>
}

/**
 * `undefined` in browsers, and insecure contexts, without caches or without IndexedDB.
 * @param tell tells a service worker that runs; not there in a page, which opens no BroadcastChannel
 */
export function browserCaches(tell: (scope: string) => void = () => {}): AnswerCaches | undefined {
  if (typeof caches === 'undefined' || typeof indexedDB === 'undefined') return undefined
  const notes = openNotes()
  return {
    rules: () => notes.rules(),
    markStale: stamps => notes.markStale(stamps),
    counts: scope => notes.counts(scope),
    async wipe(scope) {
      const prefix = cachePrefix(scope)
      const names = (await caches.keys()).filter(name => name.startsWith(prefix))
      // First: a worker that ends in the middle leaves the rest to the service worker.
      const isNoted = await notes.forget(scope, names).then(
        () => true,
        () => false,
      )
      await Promise.all(names.map(name => caches.delete(name)))
      // The browser had no room for it, and may have now; what only deletes needs none.
      if (!isNoted) await notes.forget(scope, names).catch(() => notes.cleanedUp(scope))
      tell(scope)
    },
  }
}

/** Tells a service worker that runs that a broker has wiped what it can of this scope. */
export function tellWiped(scope: string): void {
  if (typeof BroadcastChannel === 'undefined') return
  const channel = new BroadcastChannel(brokersChannel(scope))
  channel.postMessage({ type: 'wiped' })
  channel.close()
}
