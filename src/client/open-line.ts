import { PartylineError } from '../protocol/index.ts'
import { baseLine, type BaseLine, type LineOptions, type LineSink } from './base-line.ts'
import { chooseHost, type HostChoice } from './hosts/host-choice.ts'
import { sharedHost } from './hosts/shared.ts'
import type { ConnectOptions } from './types.ts'

/** For all who give an app something to hold: joins this tab to the line of its scope. @throws PartylineError `bad-options` */
export function openLine(options: ConnectOptions, sink: LineSink): BaseLine {
  return baseLine(...resolveOptions(options), sink)
}

/** @throws PartylineError `bad-options` */
export function resolveOptions(options: ConnectOptions): [hosts: HostChoice, line: LineOptions] {
  const { worker, ...line } = { timeoutMs: 10_000, ...options }
  const { scope, timeoutMs } = line
  if (typeof worker !== 'function')
    throw new PartylineError('bad-options', 'connect needs { worker }, a function that opens it')
  // A lone surrogate has no place in a worker's name.
  if (typeof scope !== 'string' || !scope || scope.length > 200 || /\p{Cs}/u.test(scope))
    throw new PartylineError('bad-options', 'connect needs { scope }, a string of 1 to 200 characters')
  // Browsers keep a delay in 31 bits; a larger one fires at once.
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw new PartylineError('bad-options', `timeoutMs is milliseconds, not ${timeoutMs}`)
  const hosts = chooseHost([
    { name: 'shared', isThere: 'SharedWorker' in globalThis, load: () => sharedHost(worker) },
    {
      name: 'elected',
      isThere: 'Worker' in globalThis && 'BroadcastChannel' in globalThis && 'locks' in navigator,
      load: async () => (await import('./hosts/elected.ts')).electedHost(worker),
    },
    { name: 'local', isThere: true, load: async () => (await import('./hosts/local.ts')).localHost(worker) },
  ])
  return [hosts, line]
}
