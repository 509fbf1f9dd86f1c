import { RENEW_EVERY_MS, type Outbox } from '../../outbox/index.ts'
import type { BrokerHost } from '../host.ts'

export interface AttendanceDeps {
  readonly host: BrokerHost
  readonly box: Outbox
}

/**
 * Says in the database that a broker is there that will send when it has a line, so that the service worker leaves it
 * that. It keeps no other broker from sending, which may have a line of its own.
 */
export class Attendance {
  readonly #deps: AttendanceDeps
  #isWanted = false
  #cancelTimer = (): void => {}

  constructor(deps: AttendanceDeps) {
    this.#deps = deps
  }

  want(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#keepSaying()
  }

  /** For the time of a lease: a service worker that is sending stops. */
  say(): void {
    const { host, box } = this.#deps
    box.attend().catch(host.reportError)
  }

  rest(): void {
    this.#isWanted = false
    this.#cancelTimer()
  }

  #keepSaying(): void {
    this.#cancelTimer = this.#deps.host.setTimer(RENEW_EVERY_MS, () => this.#keepSaying())
    this.say()
  }
}
