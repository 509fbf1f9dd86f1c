import { createStore, get, promisifyRequest, set, update } from 'idb-keyval'
import { NO_COUNTS, type CacheCounts, type StaleRule } from '../protocol/index.ts'

/** From when on what is asked for is not stale any more; scope `''` for answers that are the same for everybody. */
export interface StaleStamp {
  readonly scope: string
  readonly route: string
  /** In milliseconds since 1970. */
  readonly at: number
}

export interface Forgotten {
  readonly scope: string
  /** The names of the caches that it had. */
  readonly caches: readonly string[]
}

/**
 * What brokers and the service worker leave for each other, because either may be stopped when the other runs. Every
 * method rejects where the browser stores nothing.
 */
export interface Notes {
  rules(): Promise<readonly StaleRule[]>
  setRules(rules: readonly StaleRule[]): Promise<void>
  /** 0 when it was never marked. */
  staleSince(scope: string, route: string): Promise<number>
  markStale(stamps: readonly StaleStamp[]): Promise<void>
  counts(scope: string): Promise<CacheCounts>
  addCounts(scope: string, counts: CacheCounts): Promise<void>
  /** Scopes that were forgotten and of which the service worker still has something to delete. */
  forgotten(): Promise<readonly Forgotten[]>
  /** Removes what is noted of a scope, and notes what the service worker has to delete of it. */
  forget(scope: string, caches: readonly string[]): Promise<void>
  /** Nothing is left of it. */
  cleanedUp(scope: string): Promise<void>
  /** Whether the endpoint at this address takes compressed bodies. */
  takesGzip(endpoint: string): Promise<boolean>
  setTakesGzip(endpoint: string, takes: boolean): Promise<void>
}

const RULES = ['rules']
const staleKey = (scope: string, route: string): string[] => ['stale', scope, route]
const countsKey = (scope: string): string[] => ['counts', scope]
const forgottenKey = (scope: string): string[] => ['forgotten', scope]
const gzipKey = (endpoint: string): string[] => ['gzip', endpoint]

/** Arrays sort before longer ones that begin with them, and an array is greater than any string. */
const all = (...prefix: string[]): IDBKeyRange => IDBKeyRange.bound(prefix, [...prefix, []])

/** Opens nothing before the first call. */
export function openNotes(): Notes {
  let opened: ReturnType<typeof createStore> | undefined
  const store: ReturnType<typeof createStore> = (mode, use) =>
    (opened ??= createStore('partyline-notes', 'notes'))(mode, use)
  return {
    async rules() {
      return (await get<readonly StaleRule[]>(RULES, store)) ?? []
    },
    setRules: rules => set(RULES, rules, store),
    async staleSince(scope, route) {
      return (await get<number>(staleKey(scope, route), store)) ?? 0
    },
    markStale: stamps =>
      store('readwrite', notes => {
        for (const { scope, route, at } of stamps) notes.put(at, staleKey(scope, route))
        return promisifyRequest(notes.transaction)
      }),
    async counts(scope) {
      return (await get<CacheCounts>(countsKey(scope), store)) ?? NO_COUNTS
    },
    addCounts: (scope, counts) => update<CacheCounts>(countsKey(scope), (sum = NO_COUNTS) => add(sum, counts), store),
    forgotten: () =>
      store('readonly', async notes => {
        const range = all('forgotten')
        const [keys, values] = await Promise.all([
          promisifyRequest(notes.getAllKeys(range)),
          promisifyRequest<unknown[]>(notes.getAll(range)),
        ])
        return keys.map((key, index) => ({ scope: (key as string[])[1] ?? '', caches: values[index] as string[] }))
      }),
    forget: (scope, caches) =>
      store('readwrite', notes => {
        notes.delete(all('stale', scope))
        notes.delete(countsKey(scope))
        if (caches.length > 0) notes.put(caches, forgottenKey(scope))
        return promisifyRequest(notes.transaction)
      }),
    cleanedUp: scope =>
      store('readwrite', notes => {
        notes.delete(all('stale', scope))
        notes.delete(countsKey(scope))
        notes.delete(forgottenKey(scope))
        return promisifyRequest(notes.transaction)
      }),
    async takesGzip(endpoint) {
      return (await get<boolean>(gzipKey(endpoint), store)) === true
    },
    setTakesGzip: (endpoint, takes) => set(gzipKey(endpoint), takes, store),
  }
}

function add(a: CacheCounts, b: CacheCounts): CacheCounts {
  return {
    network: a.network + b.network,
    hits: a.hits + b.hits,
    misses: a.misses + b.misses,
    stale: a.stale + b.stale,
    timeouts: a.timeouts + b.timeouts,
  }
}
