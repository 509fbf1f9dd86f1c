import type { BrokerHost } from '../host.ts'

const BEAT_MS = 500
/** Less than after which a tab takes a silent broker for dead. */
const LATE_MS = 2_000

/** Notices that none of the worker's code ran for a while: it was stuck, or the machine slept. */
export class Pulse {
  readonly #host: BrokerHost
  readonly #late: () => void
  #lastBeatAt: number | undefined
  #pausedUntil = -1
  #cancel = (): void => {}

  /** @param late called after every such pause */
  constructor(host: BrokerHost, late: () => void) {
    this.#host = host
    this.#late = late
  }

  /** There was a pause since, perhaps one that has just ended. */
  hasPausedSince(time: number): boolean {
    // What was asked by now may have been asked before the pause.
    if (this.#isLate) {
      this.#cancel()
      this.#beat()
    }
    return time < this.#pausedUntil
  }

  get #isLate(): boolean {
    return this.#lastBeatAt !== undefined && this.#host.now() - this.#lastBeatAt > LATE_MS
  }

  /** Idempotent. */
  start(): void {
    if (this.#lastBeatAt === undefined) this.#beat()
  }

  stop(): void {
    this.#cancel()
    this.#lastBeatAt = undefined
  }

  #beat(): void {
    const isLate = this.#isLate
    this.#lastBeatAt = this.#host.now()
    if (isLate) this.#pausedUntil = this.#lastBeatAt
    this.#cancel = this.#host.setTimer(BEAT_MS, () => this.#beat())
    if (isLate) this.#late()
  }
}
