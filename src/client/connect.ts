import { ClientLine } from './line.ts'
import { resolveOptions } from './open-line.ts'
import type { AnyEvents, ConnectOptions, Line } from './types.ts'

/**
 * Joins this tab to the line that all tabs of this browser with the same scope share. Returns at once;
 * `line.status` tells how it stands. Tabs with another scope share nothing with this one.
 *
 * @throws PartylineError `bad-options`
 * @example
 * export const line = connect<AppEvents>({
 *   worker: options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
 *   scope: user.id,
 * })
 */
export function connect<Events = AnyEvents>(options: ConnectOptions): Line<Events> {
  // The line itself knows names and payloads only as strings and unknowns; the event map is the app's promise.
  return new ClientLine(...resolveOptions(options)) as unknown as Line<Events>
}
