import { clientsClaim } from 'workbox-core'
import { enable as enableNavigationPreload } from 'workbox-navigation-preload'
import { PrecacheController, PrecacheRoute } from 'workbox-precaching'
import { Router } from 'workbox-routing'
import { openNotes } from '../outbox/index.ts'
import { parsePageMessage, type StaleRule } from '../protocol/index.ts'
import { Strategies } from './caching/strategies.ts'
import { Tally } from './caching/tally.ts'
import { offlinePageIn } from './offline-page.ts'
import { resolveOptions, type ResolvedRoute, type ServiceWorkerOptions } from './options.ts'
import { readRoutes } from './routes/read-routes.ts'
import { BrokerChannels } from './scopes/broker-channels.ts'
import { ClientScopes } from './scopes/client-scopes.ts'
import { Forgetting } from './scopes/forgetting.ts'
import { worker } from './worker-global.ts'

/**
 * Starts the app's service worker. To be called once, while its script runs for the first time: browsers take no
 * listeners later than that. Wires the parts and decides nothing.
 *
 * @throws PartylineError `bad-options`, by which the installation fails
 * @example
 * startServiceWorker({
 *   precache: self.__WB_MANIFEST,
 *   offlinePage: '/offline.html',
 *   routes: [{ name: 'api', match: '/api/', credentials: true, invalidateOn: [{ channel: 'orders' }] }],
 * })
 */
export function startServiceWorker(options: ServiceWorkerOptions): void {
  const { routes, precache, offlinePage, navigationPreload, claimClients, scopeTimeoutMs } = resolveOptions(options)
  const reportError = (error: unknown): void => worker.reportError(error)
  const notes = openNotes()
  const underWay = new Set<Promise<unknown>>()
  const scopes = new ClientScopes({ clients: worker.clients, timeoutMs: scopeTimeoutMs })
  const tally = new Tally(notes, reportError)
  const forgetting = new Forgetting({
    notes,
    routes: routes.filter(({ strategy }) => strategy !== 'network-only').map(({ name }) => name),
    idle: () => Promise.allSettled(underWay),
  })
  const brokers = new BrokerChannels({
    forget(scope) {
      scopes.forget(scope)
      tally.forget(scope)
      forgetting.forget(scope)
    },
    wiped: scope => void forgetting.wiped(scope).catch(reportError),
  })
  const isWanted = (scope: string | undefined, startedAt: number): boolean => forgetting.isWanted(scope, startedAt)
  const strategies = new Strategies({ notes, reportError, isWanted })
  const offline = offlinePageIn(offlinePage)
  const router = new Router()

  const precaching = new PrecacheController({ cacheName: 'partyline-precache' })
  // Workbox wants a revision wherever the URL does not tell one.
  precaching.precache(precache.map(({ url, revision = null }) => ({ url, revision })))
  router.registerRoute(new PrecacheRoute(precaching))
  // What the browser asks for ahead of time must be used.
  const otherPages = offlinePage !== undefined || navigationPreload
  const reading = {
    routes,
    strategies,
    scopes,
    tally,
    otherPages,
    offlinePage: () => offline.get(),
    isWanted,
    underWay: keepTrack,
  }
  for (const route of readRoutes(reading)) router.registerRoute(route)
  router.addFetchListener()
  if (navigationPreload) enableNavigationPreload()
  if (claimClients) clientsClaim()

  worker.addEventListener('install', event => event.waitUntil(offline.fetch()))
  worker.addEventListener('activate', event => event.waitUntil(activate()))
  worker.addEventListener('message', event => event.waitUntil(heard(event).catch(reportError)))
  void forgetting.catchUp().catch(reportError)

  function keepTrack(done: Promise<unknown>): void {
    const settled = done.catch(() => {}).finally(() => underWay.delete(settled))
    underWay.add(settled)
  }

  async function activate(): Promise<void> {
    await notes.setRules(rulesOf(routes)).catch(reportError)
    brokers.tellRules()
  }

  async function heard({ data, source }: ExtendableMessageEvent): Promise<void> {
    // What workbox-window sends.
    if ((Object(data) as { type?: unknown }).type === 'SKIP_WAITING') return worker.skipWaiting()
    const message = parsePageMessage(data)
    if (message === undefined || !(source instanceof WindowClient)) return
    switch (message.type) {
      case 'partyline:scope':
        scopes.told(source.id, message.scope)
        if (message.scope !== undefined) brokers.open(message.scope)
        return
      case 'partyline:nudge':
        return forgetting.catchUp()
    }
  }
}

function rulesOf(routes: readonly ResolvedRoute[]): StaleRule[] {
  return routes.flatMap(({ name, credentials, invalidateOn }) =>
    invalidateOn.map(({ channel, event }) => ({ route: name, isScoped: credentials, channel, event })),
  )
}
