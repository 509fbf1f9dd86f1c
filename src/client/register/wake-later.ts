import { SYNC_TAG } from '../../protocol/index.ts'
import type { Line } from '../types.ts'
import { nudge } from './nudge.ts'

/** Background Sync, which only Chromium has. https://wicg.github.io/background-sync/spec/ */
interface SyncingRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> }
}

/** What is sent over an open line waits no longer, or the service worker would be woken for each message. */
const SENT_WITHIN_MS = 2_000

/**
 * Has the browser wake the service worker when there is a network, for as long as something waits: all tabs may be gone
 * by then. Also while the line is open: a server may not answer. Dead letters that are to be sent again it hears of at
 * once: no broker sends calls of `fetch`.
 */
export function wakeWhileWaiting(
  line: Pick<Line, 'outbox' | 'status'>,
  registration: SyncingRegistration,
  signal: AbortSignal,
): void {
  let deadBefore = 0
  let late: ReturnType<typeof setTimeout> | undefined
  const cancel = (): void => {
    clearTimeout(late)
    late = undefined
  }
  signal.addEventListener('abort', cancel)
  // Refused in private windows and where the user has switched it off.
  const askForSync = (): void => void registration.sync?.register(SYNC_TAG).catch(() => undefined)
  // Also for dead letters that came and went between two figures.
  const lookAfter = (): void => {
    askForSync()
    nudge(registration)
  }
  line.outbox.onChange(
    ({ waiting, dead }) => {
      if (waiting === 0) cancel()
      else if (line.status !== 'open') askForSync()
      else late ??= setTimeout(lookAfter, SENT_WITHIN_MS)
      if (waiting > 0 && dead < deadBefore) nudge(registration)
      deadBefore = dead
    },
    { signal },
  )
}
