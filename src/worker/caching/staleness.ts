import type { StaleStamp } from '../../outbox/index.ts'
import type { StaleRule } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'

/** Stamps are written at once, and then not more often than this. */
const STAMP_EVERY_MS = 250

/** Writes down which routes of the service worker an event has made stale, whether or not that runs. */
export class Staleness {
  readonly #host: BrokerHost
  readonly #scope: string
  #rules: readonly StaleRule[] | undefined
  #rulesRead = Promise.resolve()
  readonly #due = new Map<string, StaleStamp>()
  #cancelNext: (() => void) | undefined
  #isClosed = false

  constructor(host: BrokerHost, scope: string) {
    this.#host = host
    this.#scope = scope
    this.readRules()
  }

  /** The service worker has written others. */
  readRules(): void {
    const { caches, reportError } = this.#host
    if (caches === undefined || this.#isClosed) return
    this.#rulesRead = caches.rules().then(rules => {
      this.#rules = rules
    }, reportError)
  }

  /** An event came. */
  heard(channel: string, event: string): void {
    this.#mark(rule => rule.channel === channel && (rule.event === undefined || rule.event === event))
  }

  /** Events of the channel may have been missed. */
  interrupted(channel: string): void {
    this.#mark(rule => rule.channel === channel)
  }

  /** Writes what is due. */
  flush(): void {
    const stamps = [...this.#due.values()]
    this.#due.clear()
    if (stamps.length > 0) this.#host.caches?.markStale(stamps).catch(this.#host.reportError)
  }

  /** Idempotent. What is due is not written any more. */
  close(): void {
    this.#isClosed = true
    this.#due.clear()
    this.#cancelNext?.()
  }

  #mark(applies: (rule: StaleRule) => boolean): void {
    if (this.#isClosed) return
    const at = this.#host.wallClock()
    if (this.#rules === undefined) void this.#rulesRead.then(() => this.#markAt(at, applies))
    else this.#markAt(at, applies)
  }

  #markAt(at: number, applies: (rule: StaleRule) => boolean): void {
    const rules = this.#rules?.filter(applies) ?? []
    if (rules.length === 0 || this.#isClosed) return
    for (const { route, isScoped } of rules) this.#due.set(route, { scope: isScoped ? this.#scope : '', route, at })
    if (this.#cancelNext === undefined) this.#writeNow()
  }

  #writeNow(): void {
    this.#cancelNext = undefined
    if (this.#due.size === 0) return
    this.#cancelNext = this.#host.setTimer(STAMP_EVERY_MS, () => this.#writeNow())
    this.flush()
  }
}
