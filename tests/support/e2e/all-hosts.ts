import type { HostName } from '../../../src/client/index.ts'

export interface HostUnderTest {
  readonly host: HostName
  /** How many connections so many tabs have there. */
  connectionsOf(tabs: number): number
  /** Why what happens to a broker's worker cannot happen there. */
  readonly noWorker?: string
}

/** Hosts that keep the same promises. */
export const ALL_HOSTS: readonly HostUnderTest[] = [
  { host: 'shared', connectionsOf: () => 1 },
  { host: 'elected', connectionsOf: () => 1 },
  {
    host: 'local',
    connectionsOf: tabs => tabs,
    noWorker: 'the broker runs in the page: it dies and hangs with its tab, and no other tab has it',
  },
]

/** Those on which all tabs have one broker: on the others there is nothing between tabs. */
export const SHARING_HOSTS: readonly HostUnderTest[] = ALL_HOSTS.filter(({ connectionsOf }) => connectionsOf(2) === 1)
