import { Strategy, type StrategyHandler } from 'workbox-strategies'
import { STALE, marked } from './freshness.ts'
import type { Keeping } from './keeping.ts'

/** What is kept. What is stale is replaced first, and given only when the server cannot be reached. */
export class CacheFirst extends Strategy {
  readonly #keeping: Keeping

  constructor(keeping: Keeping) {
    super({ cacheName: keeping.cacheName, plugins: [...keeping.plugins] })
    this.#keeping = keeping
  }

  protected override async _handle(request: Request, handler: StrategyHandler): Promise<Response> {
    const { find, drop, countFor } = this.#keeping
    const count = countFor(handler)
    const kept = await find(request, handler)
    if (kept?.freshness === 'fresh') {
      count('hits')
      return kept.response
    }
    count('misses')
    try {
      const response = await handler.fetch(request)
      // Also when the new one is none that may be kept.
      if (kept !== undefined) await drop(request)
      void handler.waitUntil(handler.cachePut(request, response.clone()))
      count('network')
      return response
    } catch (error) {
      if (kept === undefined) throw error
      count('stale')
      return marked(kept.response, STALE, '1')
    }
  }
}
