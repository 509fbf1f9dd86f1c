import { LEASE_MS, RENEW_EVERY_MS, type Outbox } from '../../outbox/index.ts'
import type { BrokerHost } from '../host.ts'

export interface LeaseKeeperDeps {
  readonly host: BrokerHost
  readonly box: Outbox
  /** This broker's epoch. */
  readonly holder: string
  /** The lease is here, and nobody else has had it since it last was. */
  taken(): void
  /** The lease is here, and others may have sent since it last was, or it never was. */
  changedHands(): void
  /** Somebody else has it, who may have sent or taken in something. */
  refused(): void
}

/** What is left of the lease must do for the message that is being sent. */
const SAFETY_MS = 300

/**
 * Holds the right to send for as long as there is something to send. It counts from before the lease was written, on
 * two clocks: after a pause of the worker or of the machine it is asked for anew.
 */
export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps
  #token: number | undefined
  #takenAt = { now: -Infinity, wallClock: -Infinity }
  #isAsking = false
  #isWanted = false
  #cancelTimer = (): void => {}

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps
  }

  /** It is safe to send. */
  get isFresh(): boolean {
    const { host } = this.#deps
    const { now, wallClock } = this.#takenAt
    const limit = LEASE_MS - SAFETY_MS
    const passed = host.wallClock() - wallClock
    return host.now() - now < limit && passed >= 0 && passed < limit
  }

  /** There is something to send: takes the lease where it is free, and keeps it. */
  want(): void {
    this.#isWanted = true
    if (!this.#isAsking && !this.isFresh) void this.#ask()
  }

  /** There is nothing to send: it lapses. */
  rest(): void {
    this.#isWanted = false
    this.#cancelTimer()
  }

  /** Others may take it at once. */
  async release(): Promise<void> {
    const { box, holder } = this.#deps
    this.rest()
    this.#takenAt = { now: -Infinity, wallClock: -Infinity }
    await box.release('message', holder)
  }

  async #ask(): Promise<void> {
    const { host, box, holder, changedHands, taken, refused } = this.#deps
    this.#cancelTimer()
    this.#isAsking = true
    const at = { now: host.now(), wallClock: host.wallClock() }
    try {
      const token = await box.lease('message', holder)
      if (token === undefined) refused()
      else {
        this.#takenAt = at
        const isOther = token !== this.#token
        this.#token = token
        if (isOther) changedHands()
        else taken()
      }
    } catch (error) {
      if (this.#isWanted) host.reportError(error)
    } finally {
      this.#isAsking = false
      if (this.#isWanted) this.#cancelTimer = host.setTimer(RENEW_EVERY_MS, () => void this.#ask())
    }
  }
}
