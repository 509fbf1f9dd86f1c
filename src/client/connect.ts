import { PartylineError } from '../protocol/index.ts'
import type { LineOptions } from './base-line.ts'
import type { HostChoice } from './hosts/host-choice.ts'
import { hostsFor } from './hosts/hosts-for.ts'
import { ClientLine } from './line.ts'
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

/** @throws PartylineError `bad-options` */
function resolveOptions(options: ConnectOptions): [hosts: HostChoice, line: LineOptions] {
  const { worker, ...line } = { timeoutMs: 10_000, ...options }
  const { timeoutMs } = line
  if (typeof worker !== 'function')
    throw new PartylineError('bad-options', 'connect needs { worker }, a function that opens it')
  // Browsers keep a delay in 31 bits; a larger one fires at once.
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw new PartylineError('bad-options', `timeoutMs is milliseconds, not ${timeoutMs}`)
  return [hostsFor(worker), line]
}
