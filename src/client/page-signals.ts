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
  const on = (type: string, heard: (event: PageTransitionEvent) => void, target: EventTarget = globalThis): void =>
    target.addEventListener(type, heard as (event: Event) => void, { signal })
  const tellVisibility = (): void => tell(document.hidden ? 'hidden' : 'visible')
  on('visibilitychange', tellVisibility, document)
  on('freeze', () => tell('frozen'), document)
  on('resume', tellVisibility, document)
  on('focus', () => tell('focused'))
  on('online', () => tell('online'))
  on('offline', () => tell('offline'))
  on('pagehide', event => gone(event.persisted))
  on('pageshow', event => event.persisted && back(true))
  if (/ Firefox\//.test(navigator.userAgent))
    on('beforeunload', () => {
      leaving()
      // In a page that stays, or was only asked for a download.
      setTimeout(() => signal.aborted || back(false), 1_000)
    })
}
