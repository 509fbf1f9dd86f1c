import { clientsClaim } from 'workbox-core'
import { enable as enableNavigationPreload } from 'workbox-navigation-preload'
import { PrecacheController, PrecacheRoute } from 'workbox-precaching'
import { Router } from 'workbox-routing'
import { openNotes, scopesWithOutbox } from '../outbox/index.ts'
import { parsePageMessage, SYNC_TAG, type StaleRule } from '../protocol/index.ts'
import { Strategies } from './caching/strategies.ts'
import { Tally } from './caching/tally.ts'
import { Drain } from './drain/drain.ts'
import { Endpoint } from './drain/endpoint.ts'
import { offlinePageIn } from './offline-page.ts'
import { resolveOptions, type ResolvedRoute, type ServiceWorkerOptions } from './options.ts'
import { RequestQueue } from './queue/request-queue.ts'
import { readRoutes } from './routes/read-routes.ts'
import { writeRoutes } from './routes/write-routes.ts'
import { BrokerChannels } from './scopes/broker-channels.ts'
import { ClientScopes } from './scopes/client-scopes.ts'
import { Forgetting } from './scopes/forgetting.ts'
import { isActive, worker, type SyncEvent } from './worker-global.ts'

/** Within this time a page that comes is there, and has told whose it is. */
const PAGE_LOAD_MS = 10_000

/**
 * Starts the app's service worker. To be called once, while its script runs for the first time: browsers take no
 * listeners later than that. Wires the parts and decides nothing.
 * - `Strategies` knows what is kept of which route, not whose a request is.
 * - `ClientScopes` knows whose a page is, `Forgetting` whose nothing may be kept any more.
 * - `RequestQueue` knows what is to be stored, `Drain` when what is stored is sent.
 * - `BrokerChannels` knows how brokers are reached, not what they say.
 *
 * @throws PartylineError `bad-options`, by which the installation fails
 * @example
 * startServiceWorker({
 *   precache: self.__WB_MANIFEST,
 *   offlinePage: '/offline.html',
 *   routes: [{ name: 'api', match: '/api/', credentials: true, queue: true, invalidateOn: [{ channel: 'orders' }] }],
 *   outbox: { endpoint: '/partyline/outbox' },
 * })
 */
export function startServiceWorker(options: ServiceWorkerOptions): void {
  const { routes, precache, offlinePage, outbox, navigationPreload, claimClients, scopeTimeoutMs } =
    resolveOptions(options)
  const notes = openNotes()
  /** Background Sync events that are being handled. */
  let syncs = 0
  let navigatedAt = -Infinity
  const underWay = new Set<Promise<unknown>>()
  const tally = new Tally(notes, reportError)
  const offline = offlinePageIn(offlinePage)
  const scopes = new ClientScopes({ clients: worker.clients, timeoutMs: scopeTimeoutMs })
  const forgetting = new Forgetting({
    notes,
    routes: routes.filter(({ strategy }) => strategy !== 'network-only').map(({ name }) => name),
    idle: () => Promise.allSettled(underWay),
  })
  const brokers: BrokerChannels = new BrokerChannels({
    forget(scope) {
      for (const part of [scopes, tally, forgetting, drain]) part.forget(scope)
    },
    wiped(scope) {
      brokers.close(scope)
      void forgetting.wiped(scope).catch(reportError)
    },
    outboxChanged: () => void drain.run(),
  })
  const drain: Drain = new Drain({
    endpoint: outbox && new Endpoint({ options: outbox, notes, reportError }),
    holder: crypto.randomUUID(),
    scopes: async () => (await scopesWithOutbox()) ?? brokers.scopes,
    mayCall,
    opening: scope => brokers.open(scope),
    changed: scope => brokers.tellOutbox(scope),
    wakeLater,
    reportError,
  })
  const isWanted = (scope: string | undefined, startedAt: number): boolean => forgetting.isWanted(scope, startedAt)
  const networkWorked = (): void => void drain.networkWorked()
  const queue = new RequestQueue({
    isWanted,
    networkWorked,
    networkFailed: (scope, lane) => drain.networkFailed(scope, lane),
    stored(scope) {
      brokers.tellOutbox(scope)
      wakeLater()
      void drain.run()
    },
    reportError,
  })
  const strategies = new Strategies({ notes, reportError, isWanted })
  const precaching = new PrecacheController({ cacheName: 'partyline-precache' })
  const router = new Router()

  // Workbox wants a revision wherever the URL does not tell one.
  precaching.precache(precache.map(({ url, revision = null }) => ({ url, revision })))
  const reading = {
    routes,
    strategies,
    scopes,
    tally,
    isWanted,
    networkWorked,
    // What the browser asks for ahead of time must be used.
    otherPages: offlinePage !== undefined || navigationPreload,
    offlinePage: () => offline.get(),
    underWay: keepTrack,
  }
  for (const route of [
    new PrecacheRoute(precaching),
    ...readRoutes(reading),
    ...writeRoutes({ routes, scopes, queue }),
  ])
    router.registerRoute(route)
  worker.addEventListener('fetch', ({ request }) => {
    if (request.mode === 'navigate') navigatedAt = Date.now()
    void drain.runIfDue()
  })
  router.addFetchListener()
  if (navigationPreload) enableNavigationPreload()
  if (claimClients) clientsClaim()

  worker.addEventListener('install', event => event.waitUntil(offline.fetch()))
  worker.addEventListener('activate', event => event.waitUntil(activate()))
  worker.addEventListener('message', event => event.waitUntil(heard(event).catch(reportError)))
  worker.addEventListener('sync', event => {
    const { tag, waitUntil } = event as SyncEvent
    if (tag === SYNC_TAG) waitUntil.call(event, drainAll())
  })
  void forgetting.catchUp().catch(reportError)
  // One that is being installed leaves it to the present one.
  if (isActive()) void drain.run()

  function keepTrack(done: Promise<unknown>): void {
    const settled = done.catch(() => {}).finally(() => underWay.delete(settled))
    underWay.add(settled)
  }

  async function activate(): Promise<void> {
    await notes.setRules(rulesOf(routes)).catch(reportError)
    brokers.tellRules()
  }

  /**
   * Calls of a user go out while one of the user's pages is open, or when no page is: then nobody else has come since.
   * That nobody is there only Background Sync can tell: a page that comes is not listed until it has loaded.
   */
  async function mayCall(scope: string): Promise<boolean> {
    const present = await scopes.present()
    const isAlone = present.length === 0 && Date.now() - navigatedAt > PAGE_LOAD_MS
    return present.includes(scope) || (syncs > 0 && isAlone)
  }

  /** Rejects while anything is left, so that the browser tries again. */
  async function drainAll(): Promise<void> {
    syncs++
    try {
      if (await drain.runNow()) throw new Error('something waits in the outbox still')
    } finally {
      syncs--
    }
  }

  async function heard({ data, source }: ExtendableMessageEvent): Promise<void> {
    // What workbox-window sends.
    if ((Object(data) as { type?: unknown }).type === 'SKIP_WAITING') return worker.skipWaiting()
    const message = parsePageMessage(data)
    if (message === undefined || !(source instanceof WindowClient)) return
    switch (message.type) {
      case 'partyline:scope':
        scopes.told(source.id, message.scope)
        if (message.scope === undefined) return
        brokers.open(message.scope)
        await drain.run()
        return
      case 'partyline:nudge':
        await forgetting.catchUp()
        await drain.runNow()
        return
    }
  }
}

function reportError(error: unknown): void {
  worker.reportError(error)
}

/** Background Sync, where there is one; elsewhere a page's next word has to do. */
function wakeLater(): void {
  worker.registration.sync?.register(SYNC_TAG).catch(() => undefined)
}

function rulesOf(routes: readonly ResolvedRoute[]): StaleRule[] {
  return routes.flatMap(({ name, credentials, invalidateOn }) =>
    invalidateOn.map(({ channel, event }) => ({ route: name, isScoped: credentials, channel, event })),
  )
}
