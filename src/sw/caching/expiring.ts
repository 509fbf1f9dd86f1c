import type { WorkboxPlugin } from 'workbox-core'
import { ExpirationPlugin } from 'workbox-expiration'

export interface ExpiringOptions {
  readonly maxAgeMs: number
  readonly maxEntries: number
}

/**
 * Removes what is old or too much. Whether an answer is too old to be given it does not decide: Workbox would go by the
 * header `Date`, which a cache on the way or a server's wrong clock may have made days old.
 */
export function expiring({ maxAgeMs, maxEntries }: ExpiringOptions): WorkboxPlugin {
  // What TypeScript takes for possibly `undefined` is always there.
  const plugin = new ExpirationPlugin({
    maxAgeSeconds: maxAgeMs / 1_000,
    maxEntries,
    purgeOnQuotaError: true,
  }) as Required<Pick<WorkboxPlugin, 'cachedResponseWillBeUsed' | 'cacheDidUpdate'>>
  return {
    cacheDidUpdate: plugin.cacheDidUpdate,
    async cachedResponseWillBeUsed(used) {
      await plugin.cachedResponseWillBeUsed(used)
      return used.cachedResponse
    },
  }
}
