const CACHE = 'partyline-offline-page'

export interface OfflinePage {
  /** Fetches and keeps it. Rejects where the server has none: a worker without it must not be installed. */
  fetch(): Promise<void>
  get(): Promise<Response | undefined>
}

/** @param url `undefined` where the app has none */
export function offlinePageIn(url: string | undefined): OfflinePage {
  return {
    async fetch() {
      if (url === undefined) return
      const cache = await caches.open(CACHE)
      await cache.add(new Request(url, { cache: 'reload' }))
    },
    async get() {
      return url === undefined ? undefined : caches.match(url, { cacheName: CACHE, ignoreVary: true })
    },
  }
}
