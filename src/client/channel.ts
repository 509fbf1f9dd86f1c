import { Emitter } from '../lib/index.ts'
import {
  PartylineError,
  type ChannelAddress,
  type ChannelParams,
  type Continuity,
  type Deliver,
  type EventItem,
  type Member,
  type PresenceChange,
  type Resume,
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
  PublishOptions,
  Receipt,
  SendOptions,
  SubscribeOptions,
} from './types.ts'

interface Received {
  readonly payload: unknown
  readonly meta: EventMeta
}

export interface ChannelDeps {
  readonly publishing: Publishing
  /** Aborts when the line is closed. */
  readonly closed: AbortSignal
  /** How the tab wants it has changed. */
  wantedChanged(channel: ClientChannel): void
  /** What the tab tells of itself has changed. */
  tracked(channel: ClientChannel, state: unknown): void
}

const UNMOVED: Resume = { moved: false }

type Handler = (payload: unknown, meta: EventMeta) => void

/** One channel in this tab. Wanted as long as somebody listens to it, or the tab tells of itself there. */
export class ClientChannel implements Channel {
  readonly name: string
  readonly params: ChannelParams | undefined
  /** What stands for both in every message. */
  readonly id: string
  readonly #deps: ChannelDeps
  readonly #events = new Emitter<Received>(reportError)
  /** For what comes to one tab alone. */
  readonly #ones = new Emitter<Received>(reportError)
  readonly #continuity = new Emitter<Continuity>(reportError)
  readonly #stateChanges = new Emitter<ChannelStateChange>(reportError)
  readonly #presence = new Emitter<readonly Member[]>(reportError)
  #members: readonly Member[] = []
  /** What this tab has told of itself. */
  #tracked: unknown
  #replay = 0
  #state: ChannelState = 'idle'
  #info: unknown
  /** How often it was left without an answer yet: until then what comes belongs to an earlier subscription. */
  #leaving = 0
  /** What the line was told last. */
  #told = ''
  /** A broker knows that this tab wants it. */
  #isKnown = false
  /** What was handled here since the last mark. */
  #resume: Resume = UNMOVED

  constructor({ name, params }: ChannelAddress, id: string, deps: ChannelDeps) {
    this.name = name
    this.params = params
    this.id = id
    this.#deps = deps
  }

  get state(): ChannelState {
    return this.#state
  }

  get info(): unknown {
    return this.#info
  }

  /** How this tab wants its events; `undefined` when it does not. */
  get deliver(): Deliver | undefined {
    if (this.#ones.size > 0) return this.#events.size > 0 ? 'both' : 'one'
    return this.#events.size + this.#presence.size > 0 || this.#tracked !== undefined ? 'all' : undefined
  }

  get members(): readonly Member[] {
    return this.#members
  }

  on(event: string, handler: Handler, options?: SubscribeOptions): () => void {
    return this.#listen(handler, options, event)
  }

  onAny(handler: Handler, options?: SubscribeOptions): () => void {
    return this.#listen(handler, options)
  }

  once(event: string, { signal }: ListenOptions = {}): Promise<unknown> {
    return abortable(
      [signal, this.#deps.closed],
      done => new Promise(resolve => this.on(event, resolve, { signal: done })),
    )
  }

  async publish(event: string, payload?: unknown, options?: PublishOptions): Promise<Receipt> {
    this.#deps.closed.throwIfAborted()
    return this.#deps.publishing.publish(this.id, event, payload, options)
  }

  async request(event: string, payload?: unknown, options?: SendOptions): Promise<unknown> {
    const { settled } = await this.publish(event, payload, { ...options, durable: false })
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

  onPresence(listener: (members: readonly Member[]) => void, options?: ListenOptions): () => void {
    const stop = listen(this.#presence, listener, options, () => this.#wantedChanged())
    this.#wantedChanged()
    return stop
  }

  track(state: unknown): void {
    this.#tracked = state
    this.#wantedChanged()
    this.#deps.tracked(this, state)
  }

  /** For the line: there is a broker that may not know. */
  trackAgain(): void {
    if (this.#tracked !== undefined) this.track(this.#tracked)
  }

  /** For the line: what to ask a broker for. */
  wanted(): Wanted {
    return {
      channel: this.id,
      deliver: this.deliver,
      resume: this.#isKnown ? this.#resume : undefined,
      replay: this.#replay,
      presence: this.#presence.size > 0,
    }
  }

  /** For the line: somebody came or went. */
  presence(change: PresenceChange): void {
    const members = new Map(change.kind === 'state' ? [] : this.#members.map(member => [member.id, member]))
    if (change.kind === 'diff') for (const id of change.gone) members.delete(id)
    for (const member of change.kind === 'state' ? change.members : change.present) members.set(member.id, member)
    this.#members = [...members.values()]
    this.#presence.emit(this.#members)
  }

  /** For the line: an event came. */
  receive([ref, event, payload, position, rest]: EventItem): void {
    if (this.#leaving > 0) return
    const received = { payload, meta: { channel: this.name, event, position, rest } }
    if (ref < 0) {
      this.#resume = { ...this.#resume, one: position }
      this.#ones.emit(received)
    } else {
      this.#resume = { moved: true, position, one: this.#resume.one }
      this.#events.emit(received)
    }
  }

  /** For the line: the broker has told a mark, and all before it was handled. */
  marked(): void {
    this.#resume = UNMOVED
  }

  tellContinuity(continuity: Continuity): void {
    this.#continuity.emit(continuity)
  }

  /** For the line: how the channel stands at the broker. */
  subscription(state: SubscriptionState, error?: PartylineError, info?: unknown): void {
    // One that was told before a cached session came back may come again.
    if (state === 'left') this.#leaving = Math.max(0, this.#leaving - 1)
    else if (this.deliver && this.#leaving === 0) {
      this.#isKnown = true
      this.#become(state, error, info)
    }
  }

  /** For the line: the broker was asked to leave. */
  leaving(): void {
    this.#leaving++
  }

  /** For the line: the broker is gone, and with it what it still had to say. */
  detached(): void {
    this.#leaving = 0
    if (this.deliver) this.#become('joining')
  }

  /** To one event, or to all. */
  #listen(handler: Handler, options: SubscribeOptions = {}, event?: string): () => void {
    if (typeof handler !== 'function')
      throw new PartylineError('bad-options', `a handler is a function, not ${String(handler)}`)
    if (this.#deps.closed.aborted) return () => {}
    this.#replay = Math.max(this.#replay, options.replay ?? 0)
    const stop = listen(
      options.deliver === 'one' ? this.#ones : this.#events,
      ({ payload, meta }) => {
        if (event === undefined || event === meta.event) handler(payload, meta)
      },
      options,
      () => this.#wantedChanged(),
    )
    this.#wantedChanged()
    return stop
  }

  #wantedChanged(): void {
    const told = `${this.deliver} ${this.#presence.size > 0}`
    if (told === this.#told) return
    this.#told = told
    if (!this.deliver) {
      this.#isKnown = false
      this.#replay = 0
      this.#members = []
      this.#become('idle')
    } else if (this.#state === 'idle') this.#become('joining')
    this.#deps.wantedChanged(this)
  }

  #become(state: ChannelState, error?: PartylineError, info?: unknown): void {
    if (state === this.#state) return
    this.#state = state
    this.#info = info
    this.#stateChanges.emit({ state, error, info })
  }
}
