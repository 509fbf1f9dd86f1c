import { registerServiceWorker, type AppServiceWorker } from 'partyline/register'
import type { AppLine } from '../line.ts'
import { explain } from '../lib/explain.ts'
import { createStore, type Store } from '../lib/store.ts'

/** Whether the page can be opened without a network. */
export type Kept =
  | { readonly state: 'preparing' | 'ready' }
  /** A newer version of the page is there. */
  | { readonly state: 'newer'; readonly apply: () => Promise<void> }
  | { readonly state: 'failed'; readonly reason: string }

export type Keeping = Store<Kept>

/** Registers the service worker and follows what it says. */
export function keepPage(line: AppLine, signal: AbortSignal): Keeping {
  const store = createStore<Kept>({ state: 'preparing' })

  function follow(worker: AppServiceWorker): void {
    if (signal.aborted) return worker.close()
    signal.addEventListener('abort', () => worker.close())
    for (const type of ['update', 'waiting', 'controlling'] as const)
      worker.on(type, () => store.update(() => keptBy(worker)), { signal })
    store.update(() => keptBy(worker))
  }

  registerServiceWorker('/service-worker.js', { line }).then(follow, (error: unknown) =>
    store.update(() => ({ state: 'failed', reason: explain(error) })),
  )
  return store
}

function keptBy(worker: AppServiceWorker): Kept {
  switch (worker.state) {
    case 'none':
      return { state: 'preparing' }
    case 'controlling':
    case 'updating':
      return { state: 'ready' }
    case 'waiting':
      return { state: 'newer', apply: () => worker.applyUpdate({ reload: true }) }
  }
}
