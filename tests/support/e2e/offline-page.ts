import type { BrowserContext, CDPSession, Page } from '@playwright/test'
import type { AppServer } from '../servers/app-server.ts'

export interface OfflinePageOptions {
  readonly app: AppServer
  /** Whose page it is; without one: nobody's. */
  readonly scope?: string
  /** Of a Socket.IO server: the page has a line then. */
  readonly server?: string
  /** Separated by commas. @default 'orders' */
  readonly channels?: string
}

export function offlinePageUrl({ app, ...query }: OfflinePageOptions): string {
  return `${app.url}/offline/?${new URLSearchParams(query)}`
}

/** A page whose requests the service worker answers. */
export async function openOfflinePage(context: BrowserContext, options: OfflinePageOptions): Promise<Page> {
  const page = await context.newPage()
  await page.goto(offlinePageUrl(options))
  await controlled(page)
  return page
}

export async function controlled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await window.controlled
  })
}

export interface Got {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
}

/** What the page gets from the app's API; what `fetch` throws as `status` 0. */
export function ask(page: Page, path: string, init: RequestInit = {}): Promise<Got> {
  return page.evaluate(
    async ([to, how]) => {
      try {
        const response = await fetch(to, how)
        const text = await response.text()
        const isJson = response.headers.get('content-type')?.includes('application/json') === true
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: (isJson ? JSON.parse(text) : text) as unknown,
        }
      } catch (error) {
        return { status: 0, headers: {}, body: String(error) }
      }
    },
    [path, init] as const,
  )
}

/** Of Partyline, without what is the same for everybody. */
export function cachesOf(page: Page, scope: string): Promise<string[]> {
  return page.evaluate(
    async prefix => (await caches.keys()).filter(name => name.startsWith(prefix)),
    `partyline:${encodeURIComponent(scope)}:`,
  )
}

/** All that all databases and caches of the origin hold, as text. */
export function everythingStored(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const found: unknown[] = []
    for (const { name = '' } of await indexedDB.databases()) {
      found.push(name)
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name)
        request.addEventListener('success', () => resolve(request.result))
        request.addEventListener('error', () => reject(request.error ?? new Error('no reason')))
      })
      for (const store of db.objectStoreNames) {
        const rows = db.transaction(store).objectStore(store)
        for (const request of [rows.getAllKeys(), rows.getAll()])
          found.push(
            await new Promise(resolve => request.addEventListener('success', () => resolve(request.result as unknown))),
          )
      }
      db.close()
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      found.push(
        name,
        (await cache.keys()).map(({ url }) => url),
      )
    }
    return JSON.stringify(found)
  })
}

/** Stops all service workers of this browser, as the browser does with idle ones. */
export async function stopServiceWorkers(page: Page): Promise<void> {
  const session: CDPSession = await page.context().newCDPSession(page)
  await session.send('ServiceWorker.enable')
  await session.send('ServiceWorker.stopAllWorkers')
  await session.detach()
}

/** As with the shift key: no service worker answers the page's requests from then on. */
export async function reloadHard(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const loaded = page.waitForEvent('load')
  await session.send('Page.reload', { ignoreCache: true })
  await loaded
  await session.detach()
  await page.waitForFunction(() => navigator.serviceWorker.controller === null)
}

/** As a page does that hears `online`. */
export async function nudge(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready
    active?.postMessage({ type: 'partyline:nudge' })
  })
}

/** For the service worker that runs. */
export async function letTimePass(context: BrowserContext, ms: number): Promise<void> {
  const [worker] = context.serviceWorkers()
  if (worker === undefined) throw new Error('no service worker runs')
  await worker.evaluate(passed => {
    const now = Date.now.bind(Date)
    Date.now = () => now() + passed
  }, ms)
}

/** As where there is none: whatever is not granted here is denied. */
export async function denyBackgroundSync(context: BrowserContext): Promise<void> {
  await context.grantPermissions(['geolocation'])
}

/** As the browser does, some time after it was asked for, when there is a network. */
export async function fireBackgroundSync(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const registered = new Promise<string>(resolve => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [registration] }) => {
      if (registration !== undefined) resolve(registration.registrationId)
    })
  })
  await session.send('ServiceWorker.enable')
  await session.send('ServiceWorker.dispatchSyncEvent', {
    origin: new URL(page.url()).origin,
    registrationId: await registered,
    tag: 'partyline-outbox',
    lastChance: false,
  })
  await session.detach()
}

export interface StoredMessage {
  readonly lane: string
  /** `a date` becomes one. */
  readonly payload: unknown
  readonly expiresAt?: number
}

/** Puts messages into the outbox of a scope, as a broker does that is gone since. Returns what it holds then. */
export function storeMessages(
  page: Page,
  scope: string,
  messages: readonly StoredMessage[],
): Promise<{ waiting: number; dead: number }> {
  return page.evaluate(
    async ([whose, all]) => {
      const box = await window.openOutbox({ scope: whose })
      for (const { lane, payload, expiresAt } of all)
        await box.add({
          key: `key-${crypto.randomUUID()}`,
          lane,
          body: { kind: 'message', channel: lane, event: 'add', payload: payload === 'a date' ? new Date(0) : payload },
          bytes: 10,
          createdAt: Date.now(),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        })
      const { waiting, dead } = await box.refresh()
      box.close()
      return { waiting, dead }
    },
    [scope, messages] as const,
  )
}
