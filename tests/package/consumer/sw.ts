import { startServiceWorker, type PrecacheEntry } from 'partyline/sw'

declare const self: { readonly __WB_MANIFEST: readonly PrecacheEntry[] }

startServiceWorker({
  precache: self.__WB_MANIFEST,
  offlinePage: '/offline.html',
  routes: [
    { name: 'api', match: '/api/', credentials: true, queue: true, invalidateOn: [{ channel: 'orders' }] },
    { name: 'files', match: ({ url }) => url.pathname.startsWith('/assets/'), strategy: 'cache-first' },
  ],
  outbox: { endpoint: '/partyline/outbox', headers: ({ scope }) => ({ 'x-user': scope }) },
})
