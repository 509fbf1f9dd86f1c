/** What TypeScript does not know of: Background Sync, which only Chromium has. https://wicg.github.io/background-sync/spec/ */
interface SyncingRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> }
}

export interface SyncEvent extends ExtendableEvent {
  readonly tag: string
}

interface Global extends Omit<ServiceWorkerGlobalScope, 'registration' | 'serviceWorker'> {
  readonly registration: SyncingRegistration
  /** Not in older browsers. */
  readonly serviceWorker?: ServiceWorker
  addEventListener: ServiceWorkerGlobalScope['addEventListener']
}

/** The global of a service worker, which TypeScript takes for that of any worker. */
export const worker = globalThis as unknown as Global

/** Whether this is the version that is in use; where the browser does not tell, it may be. */
export function isActive(): boolean {
  const state = worker.serviceWorker?.state ?? 'activated'
  return state === 'activating' || state === 'activated'
}
