import { SYNC_TAG } from '../../protocol/index.ts'
import type { Line } from '../types.ts'

/** Background Sync, which only Chromium has. https://wicg.github.io/background-sync/spec/ */
interface SyncingRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> }
}

/**
 * Has the browser wake the service worker when there is a network again, for as long as something waits and the line is
 * not open: all tabs may be gone by then.
 */
export function wakeWhileWaiting(
  line: Pick<Line, 'status' | 'outbox'>,
  { sync }: SyncingRegistration,
  signal: AbortSignal,
): void {
  if (sync === undefined) return
  line.outbox.onChange(
    ({ waiting }) => {
      // Refused in private windows and where the user has switched it off.
      if (waiting > 0 && line.status !== 'open') sync.register(SYNC_TAG).catch(() => undefined)
    },
    { signal },
  )
}
