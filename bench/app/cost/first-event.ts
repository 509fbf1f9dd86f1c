export interface FirstEvent {
  /** Milliseconds from navigation. */
  readonly afterNavigationMs: number
  /** Milliseconds from when the page's script began to run. */
  readonly afterScriptMs: number
}

declare global {
  interface Window {
    firstEvent: Promise<FirstEvent>
  }
}

/** For an app's page, before anything else: the first call tells that this tab got its first event. */
export function watchFirstEvent(): () => void {
  const scriptMs = performance.now()
  let resolve: (first: FirstEvent) => void = () => {}
  window.firstEvent = new Promise(settle => {
    resolve = settle
  })
  return () => {
    const now = performance.now()
    resolve({ afterNavigationMs: now, afterScriptMs: now - scriptMs })
  }
}
