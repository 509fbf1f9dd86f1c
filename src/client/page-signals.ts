import type { SignalOp } from '../protocol/index.ts'

export interface PageListener {
  /** Something that the page knows and a worker cannot see. */
  tell(signal: SignalOp['signal']): void
  /** A real unload: not when the page may come back out of the back/forward cache. */
  unload(): void
}

/** Watches the page until the signal aborts. */
export function watchPage({ tell, unload }: PageListener, signal: AbortSignal): void {
  const options = { signal }
  document.addEventListener('visibilitychange', () => tell(document.hidden ? 'hidden' : 'visible'), options)
  for (const type of ['online', 'offline'] as const) addEventListener(type, () => tell(type), options)
  addEventListener('pagehide', event => event.persisted || unload(), options)
}
