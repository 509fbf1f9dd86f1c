import { ChannelLog } from './channel-log.ts'
import type { Outcome } from './messages.ts'

export interface StoreOptions {
  /** Kept of each channel for clients that come back. 0: the server knows no positions. @default 1 000 */
  readonly maxEvents?: number
}

/** What a server would have in its database: given to the next one, it outlives a restart. */
export class Store {
  readonly #maxEvents: number
  readonly #logs = new Map<string, ChannelLog>()
  readonly #outcomes = new Map<string, Promise<Outcome>>()

  constructor({ maxEvents = 1_000 }: StoreOptions = {}) {
    this.#maxEvents = maxEvents
  }

  /** `undefined` where there are no positions. */
  log(channel: string): ChannelLog | undefined {
    if (this.#maxEvents === 0) return undefined
    const log = this.#logs.get(channel) ?? new ChannelLog(this.#maxEvents)
    this.#logs.set(channel, log)
    return log
  }

  /** What became of the message with this idempotency key. */
  outcome(key: string): Promise<Outcome> | undefined {
    return this.#outcomes.get(key)
  }

  keep(key: string, outcome: Promise<Outcome>): void {
    this.#outcomes.set(key, outcome)
  }
}
