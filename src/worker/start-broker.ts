import { serveDedicated, type DedicatedWorkerGlobal } from './hosts/dedicated.ts'
import { serveInPage } from './hosts/page.ts'
import type { BrokerOptionsSource } from './hosts/reception.ts'
import { serveShared, type SharedWorkerGlobal } from './hosts/shared.ts'

/**
 * Starts the broker in this worker. To be called once, while the worker's script runs for the first time:
 * a tab that connects later than that is not heard. The same script serves browsers without SharedWorker, where
 * it runs in a worker of one tab or, as the last resort, in the page itself: it should use nothing of its global.
 *
 * Options that are wrong do not throw here, where nobody would see it: every tab that connects gets a
 * `bad-options` error that names them.
 *
 * @param options or a function of them, for transports that depend on whose line it is
 * @throws PartylineError `bad-options` in a page that imports the worker's script itself
 * @example
 * startBroker({ transport: socketIo({ url: 'https://api.example.com' }) })
 * @example
 * startBroker(({ scope }) => ({ transport: socketIo({ url: `https://${tenantOf(scope)}.example.com` }) }))
 */
export function startBroker(options: BrokerOptionsSource): void {
  const global: unknown = globalThis
  // Workers first: some libraries need a `document` there and get a false one.
  if ('DedicatedWorkerGlobalScope' in globalThis) serveDedicated(global as DedicatedWorkerGlobal, options)
  else if ('document' in globalThis && !('SharedWorkerGlobalScope' in globalThis)) serveInPage(options)
  else serveShared(global as SharedWorkerGlobal, options)
}
