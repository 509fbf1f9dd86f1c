import type { Workbox } from 'workbox-window'
import { PartylineError } from '../../protocol/index.ts'
import { Emitter } from '../emitter.ts'
import type { ListenOptions } from '../types.ts'
import type { PageScope, ScopedLine } from './page-scope.ts'

export interface ServiceWorkerEvents {
  /** A newer version was found, and is being installed. */
  update: ServiceWorkerState
  /** A newer version is installed and waits: see {@link AppServiceWorker.applyUpdate}. */
  waiting: ServiceWorkerState
  /** A worker answers this page's requests from now on: the first, or another version that was applied in any tab. */
  controlling: ServiceWorkerState
}

/**
 * - `none`: no worker answers this page's requests, such as on the first visit until it is installed.
 * - `controlling`: one does, and there is no newer one.
 * - `updating`: a newer one is being installed.
 * - `waiting`: a newer one is installed and waits.
 */
export type ServiceWorkerState = 'none' | 'controlling' | 'updating' | 'waiting'

/** The app's service worker, as one page sees it. */
export interface AppServiceWorker {
  readonly state: ServiceWorkerState
  readonly registration: ServiceWorkerRegistration
  on<Type extends keyof ServiceWorkerEvents>(
    type: Type,
    listener: (state: ServiceWorkerEvents[Type]) => void,
    options?: ListenOptions,
  ): () => void
  /**
   * Lets the version that waits take over, in all tabs. Resolves when it has, at once when none waits. The page itself
   * goes on as it is; `reload: true` reloads this one then.
   */
  applyUpdate(options?: { readonly reload?: boolean }): Promise<void>
  /** Asks the server now whether there is a newer version. */
  checkForUpdate(): Promise<void>
  /** Whose line this page has from now on; nothing when the user has signed out. */
  use(whose: ScopedLine | string | undefined): void
  /** Stops listening to the page. The service worker stays. Idempotent. */
  close(): void
}

export interface AppServiceWorkerDeps {
  readonly container: ServiceWorkerContainer
  readonly workbox: Workbox
  readonly registration: ServiceWorkerRegistration
  readonly scope: PageScope
  readonly closed: AbortController
}

const EVENTS: readonly string[] = ['update', 'waiting', 'controlling'] satisfies (keyof ServiceWorkerEvents)[]

export function createAppServiceWorker(deps: AppServiceWorkerDeps): AppServiceWorker {
  const { container, workbox, registration, scope, closed } = deps
  const emitters = {
    update: new Emitter<ServiceWorkerState>(),
    waiting: new Emitter<ServiceWorkerState>(),
    controlling: new Emitter<ServiceWorkerState>(),
  }
  const options = { signal: closed.signal }

  function state(): ServiceWorkerState {
    if (container.controller === null) return 'none'
    if (registration.waiting !== null) return 'waiting'
    return registration.installing === null ? 'controlling' : 'updating'
  }

  /** Workbox notices no more than one version that comes from another tab. The first of all is none that is newer. */
  function watchUpdate(): void {
    const { installing, active } = registration
    if (installing === null || active === null) return
    tell('update')
    installing.addEventListener(
      'statechange',
      () => {
        if (installing.state === 'installed') tell('waiting')
      },
      options,
    )
  }

  function tell(type: keyof ServiceWorkerEvents): void {
    if (!closed.signal.aborted) emitters[type].emit(state())
  }

  registration.addEventListener('updatefound', watchUpdate, options)
  container.addEventListener('controllerchange', () => tell('controlling'), options)

  return {
    registration,
    get state() {
      return state()
    },
    on(type, listener, listenOptions) {
      if (!EVENTS.includes(type))
        throw new PartylineError(
          'bad-options',
          `a service worker has the events ${EVENTS.join(', ')}, not ${String(type)}`,
        )
      return emitters[type].on(listener, listenOptions)
    },
    async applyUpdate({ reload = false } = {}) {
      const { waiting } = registration
      if (waiting === null) return
      const applied = new Promise<void>(resolve => {
        waiting.addEventListener('statechange', () => {
          if (waiting.state === 'activated' || waiting.state === 'redundant') resolve()
        })
      })
      workbox.messageSkipWaiting()
      await applied
      if (reload) location.reload()
    },
    async checkForUpdate() {
      await registration.update()
    },
    use: whose => scope.use(whose),
    close: () => closed.abort(),
  }
}
