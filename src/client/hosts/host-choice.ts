import type { HostName } from '../types.ts'
import type { Host } from './host.ts'

/** A host whose code is fetched when it is needed. */
export interface HostOption {
  readonly name: HostName
  /** False where the browser lacks what it needs. */
  readonly isThere: boolean
  load(): Promise<Host> | Host
}

/** Failures in a row after which a host is given up: one alone must not part a tab from the others. */
const MAX_FAILURES = 2
/** The same for a host that has worked before. */
const MAX_FAILURES_OF_PROVEN = 3

/**
 * Which host the tab uses: the best that is there, and the next one when that fails. After the last the first is tried
 * again, because what failed may have been the network.
 */
export interface HostChoice {
  readonly name: HostName
  open: Host['open']
  /** A broker answered. */
  worked(): void
  /** No broker could be started. */
  failed(): void
  leave: Host['leave']
}

/** @param options the best first; at least one of them is there */
export function chooseHost(options: readonly HostOption[]): HostChoice {
  const there = options.filter(({ isThere }) => isThere)
  let host: Host | undefined
  let failures = 0
  let maxFailures = MAX_FAILURES
  const first = (): HostOption => there[0] as HostOption
  const leave: Host['leave'] = word => host?.leave(word)
  return {
    get name() {
      return first().name
    },
    async open(...how) {
      const option = first()
      const loaded = host ?? (await option.load())
      // Another one may have its turn since.
      if (option === first()) host = loaded
      return loaded.open(...how)
    },
    worked() {
      maxFailures = MAX_FAILURES_OF_PROVEN
      failures = 0
    },
    failed() {
      if (++failures < maxFailures) return
      leave()
      host = undefined
      failures = 0
      maxFailures = MAX_FAILURES
      there.push(...there.splice(0, 1))
    },
    leave,
  }
}
