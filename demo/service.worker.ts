import { startServiceWorker, type PrecacheEntry } from 'partyline/sw'

declare const self: { readonly __WB_MANIFEST: readonly PrecacheEntry[] }

startServiceWorker({
  precache: self.__WB_MANIFEST,
  outbox: { endpoint: '/partyline/outbox' },
  routes: [
    { name: 'menu', match: '/api/menu' },
    { name: 'orders', match: '/api/orders', credentials: true, invalidateOn: [{ channel: 'orders' }] },
    { name: 'floor', match: '/api/floor', credentials: true, invalidateOn: [{ channel: 'floor' }] },
  ],
})
