import { NetworkOnly, type Strategy } from 'workbox-strategies'
import type { Notes } from '../../outbox/index.ts'
import { cacheName } from '../../protocol/index.ts'
import type { ResolvedRoute } from '../options.ts'
import { CacheFirst } from './cache-first.ts'
import { expiring } from './expiring.ts'
import { keepSafely } from './keep-safely.ts'
import { createKeeping } from './keeping.ts'
import { NetworkFirst } from './network-first.ts'

export interface StrategiesDeps {
  readonly notes: Pick<Notes, 'staleSince'>
  /** Whether answers to requests of then may still be kept. */
  isWanted(scope: string | undefined, startedAt: number): boolean
  reportError(error: unknown): void
}

/** One strategy for each route and scope, made when it is first needed. Nothing that one of them keeps another finds. */
export class Strategies {
  readonly #deps: StrategiesDeps
  readonly #made = new Map<string, Strategy>()

  constructor(deps: StrategiesDeps) {
    this.#deps = deps
  }

  /** @param scope `undefined` for what is the same for everybody */
  of(route: ResolvedRoute, scope: string | undefined): Strategy {
    const name = cacheName(scope, route.name)
    const known = this.#made.get(name)
    if (known !== undefined) return known
    const made = this.#make(route, scope, name)
    this.#made.set(name, made)
    return made
  }

  #make(route: ResolvedRoute, scope: string | undefined, name: string): Strategy {
    if (route.strategy === 'network-only') return new NetworkOnly()
    const { notes, isWanted, reportError } = this.#deps
    const { maxAgeMs, maxEntries, timeoutMs } = route
    const keeping = createKeeping({
      cacheName: name,
      plugins: [keepSafely(route, startedAt => isWanted(scope, startedAt)), expiring({ maxAgeMs, maxEntries })],
      maxAgeMs,
      async staleSince() {
        if (route.invalidateOn.length === 0) return 0
        // What nobody can tell must be taken for stale.
        return notes.staleSince(scope ?? '', route.name).catch((error: unknown) => {
          reportError(error)
          return Infinity
        })
      },
    })
    return route.strategy === 'cache-first' ? new CacheFirst(keeping) : new NetworkFirst(keeping, timeoutMs)
  }
}
