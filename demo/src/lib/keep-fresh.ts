import type { Channel } from 'partyline'

const RETRY_MS = 2_000

type Watched = Pick<Channel, 'state' | 'onState' | 'onContinuity'>

/**
 * Fetches the channel's present state once the channel is joined (so that no event falls between the
 * two), and again whenever events are, or may be, missing.
 */
export function keepFresh(channel: Watched, fetch: () => Promise<void>, signal: AbortSignal): void {
  let stale = true

  async function refresh(): Promise<void> {
    if (!stale || channel.state !== 'joined' || signal.aborted) return
    stale = false
    await fetch().catch(retry)
  }

  function retry(): void {
    stale = true
    if (!signal.aborted) setTimeout(refresh, RETRY_MS)
  }

  channel.onState(() => void refresh(), { signal })
  channel.onContinuity(
    ({ verdict }) => {
      stale ||= verdict !== 'recovered'
      void refresh()
    },
    { signal },
  )
  void refresh()
}
