import { Emitter } from '../lib/index.ts'
import {
  PartylineError,
  type Continuity,
  type EventItem,
  type SubscriptionState,
  type Wanted,
} from '../protocol/index.ts'
import type { Publishing } from './publishing.ts'
import type {
  Channel,
  ChannelState,
  ChannelStateChange,
  EventMeta,
  ListenOptions,
  Receipt,
  SendOptions,
} from './types.ts'

interface Received {
  readonly payload: unknown
  readonly meta: EventMeta
}

export interface ChannelDeps {
  readonly publishing: Publishing
  /** Aborts when the line is closed. */
  readonly closed: AbortSignal
  /** The first listener came, or the last one went. */
  wantedChanged(channel: ClientChannel): void
}

/** One channel in this tab. Wanted as long as somebody listens to its events. */
export class ClientChannel implements Channel {
  readonly name: string
  readonly #deps: ChannelDeps
  readonly #byEvent = new Map<string, Emitter<Received>>()
  readonly #any = new Emitter<Received>(reportError)
  readonly #continuity = new Emitter<Continuity>(reportError)
  readonly #stateChanges = new Emitter<ChannelStateChange>(reportError)
  #state: ChannelState = 'idle'
  #listeners = 0
  /** Of the last event that was handled here. */
  #position: string | undefined

  constructor(name: string, deps: ChannelDeps) {
    this.name = name
    this.#deps = deps
  }

  get state(): ChannelState {
    return this.#state
  }

  get isWanted(): boolean {
    return this.#listeners > 0
  }

  on(event: string, handler: (payload: unknown, meta: EventMeta) => void, options?: ListenOptions): () => void {
    const emitter = this.#byEvent.get(event) ?? new Emitter<Received>(reportError)
    this.#byEvent.set(event, emitter)
    return this.#want(emitter, handler, options)
  }

  onAny(handler: (payload: unknown, meta: EventMeta) => void, options?: ListenOptions): () => void {
    return this.#want(this.#any, handler, options)
  }

  once(event: string, { signal }: ListenOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = new AbortController()
      for (const end of [signal, this.#deps.closed]) {
        const fail = (): void => {
          done.abort()
          reject(end?.reason as Error)
        }
        if (end?.aborted) return fail()
        end?.addEventListener('abort', fail, { signal: done.signal })
      }
      this.on(
        event,
        payload => {
          done.abort()
          resolve(payload)
        },
        { signal: done.signal },
      )
    })
  }

  publish(event: string, payload?: unknown, options?: SendOptions): Promise<Receipt> {
    return this.#deps.publishing.publish(this.name, event, payload, options)
  }

  async request(event: string, payload?: unknown, options?: SendOptions): Promise<unknown> {
    const { settled } = await this.publish(event, payload, options)
    const outcome = await untilAborted(settled, options?.signal)
    if (outcome.outcome === 'acknowledged') return outcome.reply
    throw outcome.error
  }

  onContinuity(listener: (continuity: Continuity) => void, options?: ListenOptions): () => void {
    return listen(this.#continuity, listener, options)
  }

  onState(listener: (change: ChannelStateChange) => void, options?: ListenOptions): () => void {
    return listen(this.#stateChanges, listener, options)
  }

  /** For the line: what to ask the next broker for. */
  wanted(attachedBefore: boolean): Wanted {
    if (!attachedBefore) return { channel: this.name }
    return { channel: this.name, resume: this.#position === undefined ? {} : { position: this.#position } }
  }

  /** For the line: an event came. */
  receive([, form, event, sent, position, rest]: EventItem): void {
    const payload: unknown = form === 1 ? JSON.parse(sent as string) : sent
    const meta: EventMeta = {
      channel: this.name,
      event,
      ...(position === undefined ? undefined : { position }),
      ...(rest === undefined ? undefined : { rest }),
    }
    this.#position = position
    this.#byEvent.get(event)?.emit({ payload, meta })
    if (this.#any.size > 0) this.#any.emit({ payload, meta })
  }

  tellContinuity(continuity: Continuity): void {
    this.#continuity.emit(continuity)
  }

  subscription(state: SubscriptionState, error?: PartylineError): void {
    this.#become(state, error)
  }

  #want(
    emitter: Emitter<Received>,
    handler: (payload: unknown, meta: EventMeta) => void,
    options: ListenOptions = {},
  ): () => void {
    if (typeof handler !== 'function')
      throw new PartylineError('bad-options', `the handler is ${String(handler)}; expected a function`)
    if (options.signal?.aborted || this.#deps.closed.aborted) return () => {}
    const stop = listen(emitter, ({ payload, meta }) => handler(payload, meta))
    if (++this.#listeners === 1) this.#wanted('joining')
    return once(() => {
      stop()
      if (--this.#listeners === 0) this.#wanted('idle')
    }, options.signal)
  }

  #wanted(state: ChannelState): void {
    this.#become(state)
    this.#deps.wantedChanged(this)
  }

  #become(state: ChannelState, error?: PartylineError): void {
    if (state === this.#state) return
    this.#state = state
    this.#stateChanges.emit(error ? { state, error } : { state })
  }
}

/** Listens until the returned function is called or the signal aborts. */
export function listen<T>(emitter: Emitter<T>, listener: (value: T) => void, options: ListenOptions = {}): () => void {
  return options.signal?.aborted ? () => {} : once(emitter.on(listener), options.signal)
}

/** Runs the first time that it is called or the signal aborts, whichever comes first. */
function once(run: () => void, signal?: AbortSignal): () => void {
  let pending = true
  const stop = (): void => {
    if (!pending) return
    pending = false
    signal?.removeEventListener('abort', stop)
    run()
  }
  signal?.addEventListener('abort', stop)
  return stop
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = once(() => reject(signal.reason as Error), signal)
    if (signal.aborted) return stop()
    promise.then(resolve, reject).finally(stop)
  })
}
