export interface HeartbeatOptions {
  /** After so long without a word from the server it is asked for one. */
  readonly pingMs: number
  /** So long it may take to answer. */
  readonly pongMs: number
  readonly ping: () => void
  /** Nothing came: the connection is half-open. Called once, and nothing after it. */
  readonly dead: () => void
}

/** Finds out that a connection has gone silent. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #heardAt = performance.now()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#wait()
  }

  /** The server has said something, no matter what. */
  heard(): void {
    this.#heardAt = performance.now()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(): void {
    const silentMs = performance.now() - this.#heardAt
    this.#timer = setTimeout(() => this.#look(), Math.max(1, this.#options.pingMs - silentMs))
  }

  #look(): void {
    const { pingMs, pongMs, ping, dead } = this.#options
    const askedAt = performance.now()
    if (askedAt - this.#heardAt < pingMs) return this.#wait()
    this.#timer = setTimeout(() => (this.#heardAt >= askedAt ? this.#wait() : dead()), pongMs)
    ping()
  }
}
