import { describe, PartylineError } from '../../protocol/index.ts'
import { createAppServiceWorker, type AppServiceWorker } from './app-service-worker.ts'
import { nudge } from './nudge.ts'
import { PageScope, type ScopedLine } from './page-scope.ts'

export interface RegisterOptions {
  /** The line of this page: tells the service worker whose answers it may keep and give. @default none */
  readonly line?: ScopedLine
  /** Instead of the line, where the page has none. @default none */
  readonly scope?: string
  /** How the script is written. Not all browsers take modules. @default 'classic' */
  readonly type?: 'classic' | 'module'
  /** Pages below this path come under the worker. @default the folder of the script */
  readonly path?: string
}

/**
 * Registers the app's service worker and tells it whose line this page has. Never reloads the page by itself.
 *
 * @param url of the script that calls `startServiceWorker`
 * @throws PartylineError `service-worker-failed` where the browser has no service workers, or the script could not be
 *   loaded or run; `bad-options`
 * @example
 * const worker = await registerServiceWorker('/sw.js', { line })
 * worker.on('waiting', () => showUpdateButton(() => worker.applyUpdate({ reload: true })))
 */
export async function registerServiceWorker(url: string, options: RegisterOptions = {}): Promise<AppServiceWorker> {
  const { line, scope, type = 'classic', path } = options
  if (typeof url !== 'string' || url === '')
    throw new PartylineError('bad-options', "registerServiceWorker needs the URL of the service worker's script")
  if (line !== undefined && scope !== undefined)
    throw new PartylineError('bad-options', 'registerServiceWorker takes { line } or { scope }, not both')
  const container = theContainer()
  const closed = new AbortController()
  const pageScope = new PageScope(container, closed.signal)
  pageScope.use(line ?? scope)
  try {
    const { Workbox } = await import('workbox-window')
    const workbox = new Workbox(url, { type, ...(path === undefined ? {} : { scope: path }) })
    const registration = await workbox.register({ immediate: true })
    if (registration === undefined) throw new Error('there is no registration')
    addEventListener('online', () => nudge(registration), { signal: closed.signal })
    nudge(registration)
    return createAppServiceWorker({ container, workbox, registration, scope: pageScope, closed })
  } catch (error) {
    closed.abort()
    throw new PartylineError(
      'service-worker-failed',
      `the service worker ${url} was not registered: ${describe(error)}`,
      {
        retryable: true,
        cause: error,
      },
    )
  }
}

function theContainer(): ServiceWorkerContainer {
  // Not there in insecure contexts and in some private windows, whatever the type says.
  const container = (globalThis as { navigator?: Partial<Navigator> }).navigator?.serviceWorker
  if (container === undefined)
    throw new PartylineError(
      'service-worker-failed',
      'this browser has no service workers here; they need a secure context, such as https or localhost',
    )
  return container
}
