import type { HostName } from '../../../src/client/index.ts'

/** Hosts that keep the same promises, and how many connections so many tabs have on each. */
export const ALL_HOSTS: readonly { readonly host: HostName; connectionsOf(tabs: number): number }[] = [
  { host: 'shared', connectionsOf: () => 1 },
  { host: 'elected', connectionsOf: () => 1 },
  { host: 'local', connectionsOf: tabs => tabs },
]
