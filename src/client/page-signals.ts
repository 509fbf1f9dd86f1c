import type { SignalOp } from '../protocol/index.ts'

/**
 * Watches the page until the signal aborts: tells what it knows and a worker cannot see, and a real unload,
 * not one from which it may come back out of the back/forward cache.
 */
export function watchPage(tell: (signal: SignalOp['signal']) => void, unload: () => void, signal: AbortSignal): void {
  const options = { signal }
  document.addEventListener('visibilitychange', () => tell(document.hidden ? 'hidden' : 'visible'), options)
  for (const type of ['online', 'offline'] as const) addEventListener(type, () => tell(type), options)
  addEventListener('pagehide', event => event.persisted || unload(), options)
}
