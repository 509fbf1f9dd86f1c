import { PartylineError } from '../protocol/index.ts'
import { sharedHost } from './hosts/shared.ts'
import { ClientLine } from './line.ts'
import type { AnyEvents, ConnectOptions, Line } from './types.ts'

const MAX_SCOPE_LENGTH = 200

/**
 * Joins this tab to the line that all tabs of this browser with the same scope share. Returns at once;
 * `line.status` tells how it stands. Tabs with another scope share nothing with this one.
 *
 * @throws PartylineError `no-shared-worker`, `bad-options`
 * @example
 * export const line = connect<AppEvents>({
 *   worker: options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
 *   scope: user.id,
 * })
 */
export function connect<Events = AnyEvents>(options: ConnectOptions): Line<Events> {
  const { worker, ...line } = { attachTimeoutMs: 10_000, callTimeoutMs: 5_000, ...options }
  const { scope, attachTimeoutMs, callTimeoutMs } = line
  if (typeof worker !== 'function')
    throw new PartylineError('bad-options', 'connect needs { worker }, a function that opens it')
  // A lone surrogate has no place in a worker's name.
  if (typeof scope !== 'string' || !scope || scope.length > MAX_SCOPE_LENGTH || /\p{Cs}/u.test(scope))
    throw new PartylineError('bad-options', `connect needs { scope }, a string of 1 to ${MAX_SCOPE_LENGTH} characters`)
  // Browsers keep a delay in 31 bits; a larger one fires at once.
  for (const ms of [attachTimeoutMs, callTimeoutMs])
    if (!(ms > 0 && ms < 2 ** 31)) throw new PartylineError('bad-options', `a time-out is milliseconds, not ${ms}`)
  // The line itself knows names and payloads only as strings and unknowns; the event map is the app's promise.
  return new ClientLine(sharedHost(worker), line) as unknown as Line<Events>
}
