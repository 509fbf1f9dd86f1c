import type { BrokerAddress } from '../../protocol/index.ts'
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

/** The tab's attachment to a broker on the host in use. */
export interface OnHost {
  readonly address: BrokerAddress
  /** Aborts with its end. */
  readonly over: AbortSignal
  /** Ends it in favour of another. */
  move(): void
}

/**
 * Which host the tab uses: the best that is there, and the next one when that fails. After the last the first is tried
 * again, because what failed may have been the network; so it is now and then while the tab uses a lesser one.
 */
export interface HostChoice {
  readonly name: HostName
  open: Host['open']
  /** A broker answered. */
  worked(on: OnHost): void
  /** No broker could be started. */
  failed(): void
  leave: Host['leave']
}

/** @param options the best first; at least one of them is there */
export function chooseHost(options: readonly HostOption[]): HostChoice {
  const there = options.filter(({ isThere }) => isThere)
  let at = 0
  let host: Host | undefined
  let failures = 0
  let maxFailures = MAX_FAILURES
  const option = (): HostOption => there[at] as HostOption

  /** Returns the one before. */
  function turnTo(next: number): Host | undefined {
    const before = host
    host = undefined
    failures = 0
    maxFailures = MAX_FAILURES
    at = next
    return before
  }

  return {
    get name() {
      return option().name
    },
    async open(...how) {
      const own = option()
      const loaded = host ?? (await own.load())
      // Another one may have its turn since.
      if (own === option()) host = loaded
      return loaded.open(...how)
    },
    worked(on) {
      maxFailures = MAX_FAILURES_OF_PROVEN
      failures = 0
      if (at > 0)
        import('./way-back.ts')
          .then(({ comeBack }) => comeBack(there[0] as HostOption, on, () => turnTo(0)))
          // Where the code cannot be had the tab stays where it is.
          .catch(() => {})
    },
    failed() {
      if (++failures >= maxFailures) turnTo((at + 1) % there.length)?.leave()
    },
    leave: (...why) => host?.leave(...why),
  }
}
