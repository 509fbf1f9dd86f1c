// oxlint-disable-next-line typescript/no-explicit-any -- as the original's listeners
export type Listener = ((...args: any[]) => void) & { fn?: Listener }

/**
 * Listeners as the original's emitter has them: the same one twice is two, one that throws stops those after it, and
 * `listeners` gives the list itself.
 */
export class Emitter {
  #listeners: { [event: string]: Listener[] | undefined } = Object.create(null) as object as {}

  readonly removeListener = this.off
  readonly removeAllListeners = this.off

  on(event: string, listener: Listener): this {
    ;(this.#listeners[event] ??= []).push(listener)
    return this
  }

  once(event: string, listener: Listener): this {
    const once: Listener = (...args) => {
      this.off(event, once)
      listener.apply(this, args)
    }
    once.fn = listener
    return this.on(event, once)
  }

  off(...args: [event?: string, listener?: Listener]): this {
    const [event, listener] = args
    const all = this.#listeners
    if (args.length === 0) this.#listeners = Object.create(null) as object as {}
    else if (args.length === 1) delete all[event as string]
    else {
      const own = this.listeners(event as string)
      const index = own.findIndex(one => one === listener || one.fn === listener)
      if (index >= 0) own.splice(index, 1)
      if (own.length === 0) delete all[event as string]
    }
    return this
  }

  listeners(event: string): Listener[] {
    return this.#listeners[event] ?? []
  }

  hasListeners(event: string): boolean {
    return this.listeners(event).length > 0
  }

  emit(event: string, ...args: unknown[]): this {
    for (const listener of [...this.listeners(event)]) listener.apply(this, args)
    return this
  }
}
