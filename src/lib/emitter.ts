type Listener<T> = (value: T) => void

/**
 * A set of listeners for one kind of value.
 * - Listeners are called in the order in which they were added.
 * - One that throws never stops its siblings: what it threw goes to `reportError`.
 * - One added or removed during `emit` counts from the next `emit` on.
 */
export class Emitter<T> {
  #listeners: readonly Listener<T>[] = []
  readonly #reportError: (error: unknown) => void

  constructor(reportError: (error: unknown) => void) {
    this.#reportError = reportError
  }

  get size(): number {
    return this.#listeners.length
  }

  /**
   * Adds a listener; the same function twice is two listeners. Returns its removal, which may be called twice
   * and tells whether there was something to remove.
   */
  on(listener: Listener<T>): () => boolean {
    const own: Listener<T> = value => listener(value)
    this.#listeners = [...this.#listeners, own]
    return () => {
      const { size } = this
      this.#listeners = this.#listeners.filter(other => other !== own)
      return this.size < size
    }
  }

  emit(value: T): void {
    // Called without `this`, as the browser's own must be.
    const reportError = this.#reportError
    for (const listener of this.#listeners) {
      try {
        listener(value)
      } catch (error) {
        reportError(error)
      }
    }
  }
}
