import { Strategy, type StrategyHandler } from 'workbox-strategies'
import { STALE, marked } from './freshness.ts'
import type { Keeping } from './keeping.ts'

/**
 * The server's answer, unless it fails or takes longer than `timeoutMs`. What is kept and stale is given only when the
 * server cannot be reached, and says so; what is expired never.
 */
export class NetworkFirst extends Strategy {
  readonly #keeping: Keeping
  readonly #timeoutMs: number

  constructor(keeping: Keeping, timeoutMs: number) {
    super({ cacheName: keeping.cacheName, plugins: [...keeping.plugins] })
    this.#keeping = keeping
    this.#timeoutMs = timeoutMs
  }

  protected override async _handle(request: Request, handler: StrategyHandler): Promise<Response> {
    const { find, countFor } = this.#keeping
    const count = countFor(handler)
    const network = handler.fetchAndCachePut(request).then(refuseError)
    const first = await Promise.race([settled(network), slowAfter(this.#timeoutMs)])
    if (first === 'slow') {
      count('timeouts')
      const kept = await find(request, handler)
      if (kept?.freshness === 'fresh') {
        // The answer is kept when it comes.
        void handler.waitUntil(settled(network))
        count('hits')
        return kept.response
      }
    }
    try {
      const response = await network
      count('network')
      return response
    } catch (error) {
      const kept = await find(request, handler)
      if (kept === undefined) {
        count('misses')
        throw error
      }
      count(kept.freshness === 'stale' ? 'stale' : 'hits')
      return kept.freshness === 'stale' ? marked(kept.response, STALE, '1') : kept.response
    }
  }
}

/**
 * Without a network Firefox fulfils the preloaded answer of a navigation, with an error.
 * https://github.com/GoogleChrome/workbox/issues/3134
 */
function refuseError(response: Response): Response {
  if (response.type === 'error') throw new TypeError('the preloaded navigation failed')
  return response
}

function settled(network: Promise<Response>): Promise<'settled'> {
  return network.then(
    () => 'settled',
    () => 'settled',
  )
}

function slowAfter(ms: number): Promise<'slow'> {
  return new Promise(resolve => setTimeout(resolve, ms, 'slow'))
}
