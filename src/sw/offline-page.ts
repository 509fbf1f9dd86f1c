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
      const response = await fetch(url, { cache: 'reload' })
      if (!response.ok) throw new TypeError(`the server answered ${response.status} for the offline page ${url}`)
      const cache = await caches.open(CACHE)
      await cache.put(url, unredirected(response))
    },
    async get() {
      return url === undefined ? undefined : caches.match(url, { cacheName: CACHE, ignoreVary: true })
    },
  }
}

/** Browsers show no page for which the server has sent them on: https://fetch.spec.whatwg.org/#http-fetch */
function unredirected({ body, status, statusText, headers }: Response): Response {
  return new Response(body, { status, statusText, headers })
}
