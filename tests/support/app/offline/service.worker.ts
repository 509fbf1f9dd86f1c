import { startServiceWorker, type PrecacheEntry } from 'partyline/sw'

declare const self: { readonly __WB_MANIFEST: readonly PrecacheEntry[] }

startServiceWorker({
  precache: self.__WB_MANIFEST,
  outbox: { endpoint: '/outbox', headers: ({ scope }) => ({ 'x-user': scope }), batchSize: 3 },
  offlinePage: '/offline/nothing.html',
  routes: [
    {
      name: 'orders',
      match: '/api/orders',
      credentials: true,
      timeoutMs: 400,
      queue: true,
      invalidateOn: [{ channel: 'orders', event: 'tick' }],
    },
    {
      name: 'menu',
      match: '/api/menu',
      strategy: 'cache-first',
      credentials: true,
      invalidateOn: [{ channel: 'menu' }],
    },
    { name: 'brief', match: '/api/brief', credentials: true, maxAgeMs: 300, maxEntries: 2 },
    { name: 'chat', match: '/api/chat', strategy: 'network-only', queue: true, lane: 'talk', keepAuthorization: true },
    { name: 'private', match: '/api/private', credentials: true },
    { name: 'public', match: '/api/' },
    { name: 'pictures', match: url => url.url.pathname.endsWith('.svg'), strategy: 'cache-first', opaque: true },
    { name: 'pages', match: '/offline/', strategy: 'pages' },
  ],
})
