import type { SignalOp } from '../protocol/index.ts'

/** Reports what the page knows and a worker cannot see, until the signal aborts. */
export function watchPage(tell: (signal: SignalOp['signal']) => void, signal: AbortSignal): void {
  document.addEventListener('visibilitychange', () => tell(document.hidden ? 'hidden' : 'visible'), { signal })
  addEventListener('online', () => tell('online'), { signal })
  addEventListener('offline', () => tell('offline'), { signal })
}

/** On a real unload, not when the page may come back out of the back/forward cache. */
export function onUnload(run: () => void, signal: AbortSignal): void {
  addEventListener('pagehide', event => event.persisted || run(), { signal })
}
