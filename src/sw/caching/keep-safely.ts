import type { WorkboxPlugin } from 'workbox-core'
import { whyNotKept, type CachingRule } from './cacheable.ts'
import { FETCHED_AT, marked } from './freshness.ts'

/**
 * Keeps what may be kept, with the time of its request.
 * @param isWanted asked just before it is kept, with the time of the request: the scope may be forgotten by then
 */
export function keepSafely(rule: CachingRule, isWanted: (startedAt: number) => boolean): WorkboxPlugin {
  return {
    async handlerWillStart({ state }) {
      if (state !== undefined) state['startedAt'] = Date.now()
    },
    async cacheWillUpdate({ request, response, state }) {
      const startedAt = Number(state?.['startedAt'])
      const { method, mode, credentials, headers, url } = request
      const sameOrigin = new URL(url).origin === location.origin
      if (whyNotKept({ method, mode, credentials, headers, sameOrigin }, response, rule) || !isWanted(startedAt)) {
        // This is a copy; what is not read of it would be kept in memory for as long as the page reads the other.
        await response.body?.cancel()
        return null
      }
      return response.type === 'opaque' ? response : marked(response, FETCHED_AT, String(startedAt))
    },
  }
}
