import type { WorkboxPlugin } from 'workbox-core'
import type { StrategyHandler } from 'workbox-strategies'
import type { CacheCounts } from '../../protocol/index.ts'
import { fetchTimeOf, freshnessOf, type Freshness } from './freshness.ts'

export interface Kept {
  readonly response: Response
  readonly freshness: Exclude<Freshness, 'expired'>
}

export type Count = (what: keyof CacheCounts) => void

/** What is kept of one route for one scope. */
export interface Keeping {
  readonly cacheName: string
  readonly plugins: readonly WorkboxPlugin[]
  /** What is kept for this request, unless it is expired. */
  find(request: Request, handler: StrategyHandler): Promise<Kept | undefined>
  drop(request: Request): Promise<void>
  countFor(handler: StrategyHandler): Count
}

export interface KeepingDeps {
  readonly cacheName: string
  readonly plugins: readonly WorkboxPlugin[]
  readonly maxAgeMs: number
  staleSince(): Promise<number>
}

export function createKeeping({ cacheName, plugins, maxAgeMs, staleSince }: KeepingDeps): Keeping {
  return {
    cacheName,
    plugins,
    async find(request, handler) {
      const response = await handler.cacheMatch(request)
      if (response === undefined) return undefined
      const age = { fetchedAt: fetchTimeOf(response), now: Date.now(), maxAgeMs, staleSince: await staleSince() }
      const freshness = freshnessOf(age)
      return freshness === 'expired' ? undefined : { response, freshness }
    },
    async drop(request) {
      const cache = await caches.open(cacheName)
      await cache.delete(request)
    },
    // Strategies are shared by all requests of a scope; who asks comes with the request.
    countFor: handler => (handler.params as { readonly count: Count }).count,
  }
}
