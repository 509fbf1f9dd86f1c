import type { ConnectOptions } from '../types.ts'
import { chooseHost, type HostChoice } from './host-choice.ts'
import { sharedHost } from './shared.ts'

/** The hosts that this browser may have, the best first; what few need is loaded when it is needed. */
export function hostsFor(worker: ConnectOptions['worker']): HostChoice {
  return chooseHost([
    { name: 'shared', isThere: 'SharedWorker' in globalThis, load: () => sharedHost(worker) },
    {
      name: 'elected',
      isThere: 'Worker' in globalThis && 'BroadcastChannel' in globalThis && 'locks' in navigator,
      load: async () => (await import('./elected.ts')).electedHost(worker),
    },
    { name: 'local', isThere: true, load: async () => (await import('./local.ts')).localHost(worker) },
  ])
}
