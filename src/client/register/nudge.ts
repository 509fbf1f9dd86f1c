import type { PageMessage } from '../../protocol/index.ts'

/** Says to the service worker that there may be something to do. */
export function nudge(registration: ServiceWorkerRegistration): void {
  const message: PageMessage = { type: 'partyline:nudge' }
  registration.active?.postMessage(message)
}
