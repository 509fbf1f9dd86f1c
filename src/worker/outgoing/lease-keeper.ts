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
  #isWanted = false
  /** The answer that is waited for. */
  #asking: symbol | undefined
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
    const wasWanted = this.#isWanted
    this.#isWanted = true
    if (this.#asking !== undefined) return
    if (!this.isFresh) void this.#ask()
    // It rested: what is sent now may take longer than is left of it.
    else if (!wasWanted) this.#askAt(this.#takenAt.now + RENEW_EVERY_MS)
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
    this.#asking = undefined
    this.#takenAt = { now: -Infinity, wallClock: -Infinity }
    await box.release('message', holder)
  }

  async #ask(): Promise<void> {
    const { host, box, holder, changedHands, taken, refused } = this.#deps
    const asking = Symbol('asking')
    this.#cancelTimer()
    this.#asking = asking
    const at = { now: host.now(), wallClock: host.wallClock() }
    try {
      const token = await box.lease('message', holder)
      // It was released since.
      if (this.#asking !== asking) return
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
      if (this.#asking === asking) this.#asking = undefined
      if (this.#isWanted && this.#asking === undefined) this.#askAt(host.now() + RENEW_EVERY_MS)
    }
  }

  #askAt(time: number): void {
    const { host } = this.#deps
    this.#cancelTimer()
    this.#cancelTimer = host.setTimer(Math.max(0, time - host.now()), () => void this.#ask())
  }
}
