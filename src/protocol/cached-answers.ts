/** An event that makes the answers of a route stale that were asked for before it. */
export interface StaleRule {
  readonly route: string
  /** Answers of this route are kept for each scope by itself. */
  readonly isScoped: boolean
  readonly channel: string
  /** Any of the channel where there is none. */
  readonly event?: string | undefined
}

/** How the service worker answered requests of this scope, since they were last wiped. */
export interface CacheCounts {
  /** Answered by the server. */
  readonly network: number
  /** Answered from a cache. */
  readonly hits: number
  /** The cache was asked and had nothing that could be given. */
  readonly misses: number
  /** Answered from a cache though stale, because the network failed. */
  readonly stale: number
  /** The server took longer than the route's `timeoutMs`. */
  readonly timeouts: number
}

export const NO_COUNTS: CacheCounts = { network: 0, hits: 0, misses: 0, stale: 0, timeouts: 0 }
