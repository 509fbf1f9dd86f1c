import type { SignalOp } from '../protocol/index.ts'

export interface PageWatcher {
  /** Something that the page knows and a worker cannot see. */
  tell(signal: SignalOp['signal']): void
  /** The page may be about to leave; Firefox only, where a held lock keeps it out of the back/forward cache. */
  leaving(): void
  /** The page goes: for good, or into the back/forward cache. */
  gone(isCached: boolean): void
  /** The page is back, from the cache or from having stayed after all. */
  back(wasCached: boolean): void
}

/** Watches the page until the signal aborts. */
export function watchPage({ tell, leaving, gone, back }: PageWatcher, signal: AbortSignal): void {
  const options = { signal }
  const tellVisibility = (): void => tell(document.hidden ? 'hidden' : 'visible')
  document.addEventListener('visibilitychange', tellVisibility, options)
  document.addEventListener('freeze', () => tell('frozen'), options)
  document.addEventListener('resume', tellVisibility, options)
  addEventListener('focus', () => tell('focused'), options)
  for (const type of ['online', 'offline'] as const) addEventListener(type, () => tell(type), options)
  addEventListener('pagehide', event => gone(event.persisted), options)
  addEventListener('pageshow', event => event.persisted && back(true), options)
  if (!/ Firefox\//.test(navigator.userAgent)) return
  addEventListener(
    'beforeunload',
    () => {
      leaving()
      // In a page that stays, or was only asked for a download.
      setTimeout(() => signal.aborted || back(false), 1_000)
    },
    options,
  )
}
