import type { BrokerAddress, BrokerScript } from '../../protocol/index.ts'
import type { HostName } from '../types.ts'
import type { Host, HostLink } from './host.ts'

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
export class HostChoice {
  readonly #options: readonly HostOption[]
  #index = 0
  #host: Host | undefined
  #hasWorked = false
  #failures = 0

  /** @param options the best first; at least one of them is there */
  constructor(options: readonly HostOption[]) {
    this.#options = options.filter(({ isThere }) => isThere)
  }

  get #option(): HostOption {
    // There always is one: the index is kept within.
    return this.#options[this.#index] as HostOption
  }

  get name(): HostName {
    return this.#option.name
  }

  async open(address: BrokerAddress, signal: AbortSignal, script?: BrokerScript): Promise<HostLink> {
    this.#host ??= await this.#option.load()
    return this.#host.open(address, signal, script)
  }

  /** A broker answered. */
  worked(): void {
    this.#hasWorked = true
    this.#failures = 0
  }

  /** No broker could be started. */
  failed(): void {
    if (++this.#failures < (this.#hasWorked ? MAX_FAILURES_OF_PROVEN : MAX_FAILURES)) return
    this.leave()
    this.#host = undefined
    this.#hasWorked = false
    this.#failures = 0
    this.#index = (this.#index + 1) % this.#options.length
  }

  leave(): void {
    this.#host?.leave()
  }
}
