import { SYNC_TAG } from '../../protocol/index.ts'
import type { Line } from '../types.ts'
import { nudge } from './nudge.ts'

/** Background Sync, which only Chromium has. https://wicg.github.io/background-sync/spec/ */
interface SyncingRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> }
}

/**
 * Has the browser wake the service worker when there is a network, for as long as something waits: all tabs may be gone
 * by then, also while the line is open. Dead letters that are to be sent again it hears of at once: no broker sends
 * calls of `fetch`.
 */
export function wakeWhileWaiting(
  line: Pick<Line, 'outbox'>,
  registration: SyncingRegistration,
  signal: AbortSignal,
): void {
  let deadBefore = 0
  line.outbox.onChange(
    ({ waiting, dead }) => {
      // Refused in private windows and where the user has switched it off.
      if (waiting > 0) registration.sync?.register(SYNC_TAG).catch(() => undefined)
      if (waiting > 0 && dead < deadBefore) nudge(registration)
      deadBefore = dead
    },
    { signal },
  )
}
