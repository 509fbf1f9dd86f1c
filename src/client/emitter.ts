import type { ListenOptions } from './types.ts'

/**
 * A set of listeners for one kind of value.
 * - Listeners are called in the order in which they were added; the same function twice is two listeners.
 * - One that throws never stops its siblings: what it threw goes to `reportError`.
 * - One added or removed during `emit` counts from the next `emit` on.
 */
export class Emitter<T> {
  /** By what removes them. */
  readonly #listeners = new Map<() => void, (value: T) => void>()

  get size(): number {
    return this.#listeners.size
  }

  /**
   * Listens until the returned function is called, which may be twice, or the signal aborts; `stopped` is called once,
   * after either.
   */
  on(listener: (value: T) => void, { signal }: ListenOptions = {}, stopped?: () => void): () => void {
    if (signal?.aborted) return () => {}
    const stop = (): void => {
      signal?.removeEventListener('abort', stop)
      if (this.#listeners.delete(stop)) stopped?.()
    }
    this.#listeners.set(stop, listener)
    signal?.addEventListener('abort', stop)
    return stop
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners.values()]) {
      try {
        listener(value)
      } catch (error) {
        reportError(error)
      }
    }
  }
}
