import type { Channel } from 'partyline'

const RETRY_MS = 2_000
const REREAD_MS = 10_000

type Watched = Pick<Channel, 'state' | 'onState' | 'onContinuity'>

/** What a reading has brought: the present state, or what was kept of an earlier one. */
export type Reading = 'present' | 'kept'

/**
 * Reads the state of what the channel is about: at once, which brings the last known one where there is no network;
 * once the channel is joined, so that no event falls between the two; and again whenever events are, or may be,
 * missing. While somebody looks it is read now and then besides, so that what the service worker keeps is never old.
 */
export function keepFresh(channel: Watched, read: () => Promise<Reading>, signal: AbortSignal): void {
  let stale = true

  async function refresh(): Promise<void> {
    if (!stale || channel.state !== 'joined' || signal.aborted) return
    stale = false
    if ((await reread()) !== 'present') retry()
  }

  function retry(): void {
    stale = true
    if (!signal.aborted) setTimeout(refresh, RETRY_MS)
  }

  /** `undefined` where nothing could be read. */
  async function reread(): Promise<Reading | undefined> {
    return read().catch(() => undefined)
  }

  channel.onState(() => void refresh(), { signal })
  channel.onContinuity(
    ({ verdict }) => {
      stale ||= verdict !== 'recovered'
      void refresh()
    },
    { signal },
  )
  const timer = setInterval(() => {
    if (channel.state === 'joined' && !document.hidden) void reread()
  }, REREAD_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
  // On the first visit what was read before the service worker was there was not kept.
  if ('serviceWorker' in navigator)
    navigator.serviceWorker.addEventListener('controllerchange', () => void reread(), { signal })
  void reread()
  void refresh()
}
