import { Emitter } from '../lib/index.ts'
import {
  PartylineError,
  type Continuity,
  type EventItem,
  type SubscriptionState,
  type Wanted,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import { listen } from './listen.ts'
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

type Handler = (payload: unknown, meta: EventMeta) => void

/** One channel in this tab. Wanted as long as somebody listens to its events. */
export class ClientChannel implements Channel {
  readonly name: string
  readonly #deps: ChannelDeps
  readonly #events = new Emitter<Received>(reportError)
  readonly #continuity = new Emitter<Continuity>(reportError)
  readonly #stateChanges = new Emitter<ChannelStateChange>(reportError)
  #state: ChannelState = 'idle'
  /** How often it was left without an answer yet: until then what comes belongs to an earlier subscription. */
  #leaving = 0
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
    return this.#events.size > 0
  }

  on(event: string, handler: Handler, options?: ListenOptions): () => void {
    return this.#listen(handler, options, event)
  }

  onAny(handler: Handler, options?: ListenOptions): () => void {
    return this.#listen(handler, options)
  }

  once(event: string, { signal }: ListenOptions = {}): Promise<unknown> {
    return abortable(
      [signal, this.#deps.closed],
      done => new Promise(resolve => this.on(event, resolve, { signal: done })),
    )
  }

  async publish(event: string, payload?: unknown, options?: SendOptions): Promise<Receipt> {
    this.#deps.closed.throwIfAborted()
    return this.#deps.publishing.publish(this.name, event, payload, options)
  }

  async request(event: string, payload?: unknown, options?: SendOptions): Promise<unknown> {
    const { settled } = await this.publish(event, payload, options)
    const outcome = await abortable([options?.signal], () => settled)
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
    return { channel: this.name, resume: attachedBefore ? { position: this.#position } : undefined }
  }

  /** For the line: an event came. */
  receive([, event, payload, position, rest]: EventItem): void {
    if (this.#leaving > 0) return
    this.#position = position
    this.#events.emit({ payload, meta: { channel: this.name, event, position, rest } })
  }

  tellContinuity(continuity: Continuity): void {
    this.#continuity.emit(continuity)
  }

  /** For the line: how the channel stands at the broker. */
  subscription(state: SubscriptionState, error?: PartylineError): void {
    if (state === 'left') this.#leaving--
    else if (this.isWanted && this.#leaving === 0) this.#become(state, error)
  }

  /** For the line: the broker was asked to leave. */
  leaving(): void {
    this.#leaving++
  }

  /** For the line: the broker is gone, and with it what it still had to say. */
  detached(): void {
    this.#leaving = 0
    if (this.isWanted) this.#become('joining')
  }

  /** To one event, or to all. */
  #listen(handler: Handler, options?: ListenOptions, event?: string): () => void {
    if (typeof handler !== 'function')
      throw new PartylineError('bad-options', `a handler is a function, not ${String(handler)}`)
    if (this.#deps.closed.aborted) return () => {}
    const wasWanted = this.isWanted
    const stop = listen(
      this.#events,
      ({ payload, meta }) => {
        if (event === undefined || event === meta.event) handler(payload, meta)
      },
      options,
      () => this.isWanted || this.#wantedBecame('idle'),
    )
    if (this.isWanted && !wasWanted) this.#wantedBecame('joining')
    return stop
  }

  #wantedBecame(state: ChannelState): void {
    this.#become(state)
    this.#deps.wantedChanged(this)
  }

  #become(state: ChannelState, error?: PartylineError): void {
    if (state === this.#state) return
    this.#state = state
    this.#stateChanges.emit({ state, error })
  }
}
