import { log } from './log.ts'

/** The order and the quirks of pusher-js: what is bound during an event hears it, too; what throws stops those behind it. */
export class Dispatcher {
  global_callbacks: Function[] = []
  #bound: (readonly [event: string, callback: Function, context: unknown])[] = []
  readonly #where: string | undefined

  /** @param where for the log: what nobody hears, and where */
  constructor(where?: string) {
    this.#where = where
  }

  bind(eventName: string, callback: Function, context?: unknown): this {
    this.#bound.push([eventName, callback, context])
    return this
  }

  bind_global(callback: Function): this {
    this.global_callbacks.push(callback)
    return this
  }

  /** What is left out stands for all. */
  unbind(eventName?: string | null, callback?: Function | null, context?: unknown): this {
    this.#bound = this.#bound.filter(
      ([event, bound, of]) =>
        (eventName && event !== eventName) || (callback && bound !== callback) || (context && of !== context),
    )
    return this
  }

  unbind_global(callback?: Function): this {
    this.global_callbacks = callback ? this.global_callbacks.filter(bound => bound !== callback) : []
    return this
  }

  unbind_all(_callback?: Function): this {
    return this.unbind().unbind_global()
  }

  emit(eventName: string, data?: unknown, metadata?: object): this {
    const bound = this.#bound
    let isHeard = false
    for (let index = 0; index < this.global_callbacks.length; index++)
      this.global_callbacks[index]?.call(undefined, eventName, data)
    const args = metadata ? [data, metadata] : data ? [data] : []
    // Those that are added meanwhile, too.
    for (const [event, callback, context] of bound)
      if (event === eventName) {
        isHeard = true
        callback.apply(context ?? globalThis, args)
      }
    if (!isHeard && this.#where) log('log', `No callbacks on ${this.#where} for ${eventName}`)
    return this
  }
}
