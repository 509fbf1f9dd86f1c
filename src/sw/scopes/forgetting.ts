import { CacheExpiration } from 'workbox-expiration'
import type { Notes } from '../../outbox/index.ts'
import { cacheName, cachePrefix } from '../../protocol/index.ts'

export interface ForgettingDeps {
  readonly notes: Pick<Notes, 'forgotten' | 'cleanedUp'>
  /** Of the routes whose answers are kept. */
  readonly routes: readonly string[]
  /** Resolves when what is being answered now has been kept or not. */
  idle(): Promise<unknown>
}

/**
 * Wipes what is kept of a scope whose user has signed out. The broker has deleted the caches by then; what belongs to
 * them and only Workbox knows goes here, and what a request under way may have put there since.
 */
export class Forgetting {
  readonly #deps: ForgettingDeps
  readonly #forgottenAt = new Map<string, number>()

  constructor(deps: ForgettingDeps) {
    this.#deps = deps
  }

  /** Whether answers to requests of then may be kept. */
  isWanted(scope: string | undefined, startedAt: number): boolean {
    return scope === undefined || startedAt > (this.#forgottenAt.get(scope) ?? 0)
  }

  /** The line of this scope ends now: what is under way is not kept. */
  forget(scope: string): void {
    this.#forgottenAt.set(scope, Date.now())
  }

  /** A broker has done its part. */
  async wiped(scope: string): Promise<void> {
    this.forget(scope)
    await this.#deps.idle()
    await this.#wipe(scope, [])
  }

  /** Makes up for what was forgotten while no service worker ran. */
  async catchUp(): Promise<void> {
    for (const { scope, caches: names } of await this.#deps.notes.forgotten()) await this.#wipe(scope, names)
  }

  async #wipe(scope: string, names: readonly string[]): Promise<void> {
    const { notes, routes } = this.#deps
    const prefix = cachePrefix(scope)
    const left = (await caches.keys()).filter(name => name.startsWith(prefix))
    const timed = new Set([...names, ...left, ...routes.map(route => cacheName(scope, route))])
    for (const name of timed) await new CacheExpiration(name, { maxEntries: 1 }).delete()
    await Promise.all([...timed].map(name => caches.delete(name)))
    await notes.cleanedUp(scope)
  }
}
