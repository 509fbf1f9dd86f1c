import { fullJitter, type BackoffPolicy } from '../../lib/index.ts'

/** Tries again and again, with longer and longer pauses, until it is stopped or has come through. */
export class WayBack {
  readonly #backoff: BackoffPolicy
  /** Resolves when the better way is the one in use. */
  readonly #attempt: (signal: AbortSignal) => Promise<void>
  #abort = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(backoff: BackoffPolicy, attempt: (signal: AbortSignal) => Promise<void>) {
    this.#backoff = backoff
    this.#attempt = attempt
  }

  start(): void {
    this.stop()
    this.#abort = new AbortController()
    this.#wait(1, this.#abort.signal)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#abort.abort()
  }

  #wait(attempts: number, signal: AbortSignal): void {
    this.#timer = setTimeout(
      () => {
        this.#attempt(signal).catch(() => {
          if (!signal.aborted) this.#wait(attempts + 1, signal)
        })
      },
      fullJitter(attempts, Math.random(), this.#backoff),
    )
  }
}
