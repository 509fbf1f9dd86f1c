import { Emitter } from '../lib/index.ts'
import {
  PartylineError,
  type ChannelAddress,
  type ChannelParams,
  type Continuity,
  type ContinuityNotice,
  type EventItem,
  type Member,
  type PresenceChange,
  type PresenceNotice,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { BaseLine } from './base-line.ts'
import { listen } from './listen.ts'
import { publish } from './publish.ts'
import type { ChannelSink, Subscription } from './subscription.ts'
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

type Handler = (payload: unknown, meta: EventMeta) => void

/** One channel in this tab. Wanted as long as somebody listens to it, or the tab tells of itself there. */
export class ClientChannel implements Channel, ChannelSink {
  readonly name: string
  readonly params: ChannelParams | undefined
  readonly #line: Pick<BaseLine, 'closed' | 'send' | 'cancel'>
  readonly #subscription: Subscription
  readonly #events = new Emitter<Received>(reportError)
  /** For what comes to one tab alone. */
  readonly #ones = new Emitter<Received>(reportError)
  readonly #continuity = new Emitter<Continuity>(reportError)
  readonly #stateChanges = new Emitter<ChannelStateChange>(reportError)
  readonly #presence = new Emitter<readonly Member[]>(reportError)
  #members: readonly Member[] = []
  #isTracked = false

  constructor(
    { name, params }: ChannelAddress,
    id: string,
    line: Pick<BaseLine, 'closed' | 'send' | 'cancel' | 'channel'>,
  ) {
    this.name = name
    this.params = params
    this.#line = line
    this.#subscription = line.channel(id, this)
  }

  get state(): ChannelState {
    return this.#subscription.state
  }

  get info(): unknown {
    return this.#subscription.info
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
      [signal, this.#line.closed],
      done => new Promise(resolve => this.on(event, resolve, { signal: done })),
    )
  }

  async publish(event: string, payload?: unknown, options?: PublishOptions): Promise<Receipt> {
    this.#line.closed.throwIfAborted()
    return publish(this.#line, this.#subscription.id, event, payload, options)
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
    // What cannot be cloned throws before anything has changed.
    const told = structuredClone(state)
    this.#isTracked = state !== undefined
    this.#wantedChanged()
    this.#subscription.track(told)
  }

  /** For the line, as all that follow. */
  event([ref, event, payload, position, rest]: EventItem): void {
    const received = { payload, meta: { channel: this.name, event, position, rest } }
    ;(ref < 0 ? this.#ones : this.#events).emit(received)
  }

  stateChanged(state: ChannelState, error?: PartylineError, info?: unknown): void {
    if (state === 'idle') this.#members = []
    this.#stateChanges.emit({ state, error, info })
  }

  notice(notice: ContinuityNotice | PresenceNotice): void {
    if (notice.type === 'presence') return this.#membersChanged(notice.change)
    const { type: _type, ref: _ref, ...continuity } = notice
    this.#continuity.emit(continuity)
  }

  #membersChanged(change: PresenceChange): void {
    const members = new Map(change.kind === 'state' ? [] : this.#members.map(member => [member.id, member]))
    if (change.kind === 'diff') for (const id of change.gone) members.delete(id)
    for (const member of change.kind === 'state' ? change.members : change.present) members.set(member.id, member)
    this.#members = [...members.values()]
    this.#presence.emit(this.#members)
  }

  /** To one event, or to all. */
  #listen(handler: Handler, options: SubscribeOptions = {}, event?: string): () => void {
    if (typeof handler !== 'function')
      throw new PartylineError('bad-options', `a handler is a function, not ${String(handler)}`)
    if (this.#line.closed.aborted || options.signal?.aborted) return () => {}
    const { replay = 0 } = options
    if (!(replay >= 0 && Number.isSafeInteger(replay)))
      throw new PartylineError('bad-options', `replay is a number of events, not ${replay}`)
    const subscription = this.#subscription
    subscription.replay = Math.max(subscription.replay, replay)
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
    const all = this.#events.size > 0
    const presence = this.#presence.size > 0
    const some = all || presence || this.#isTracked ? 'all' : undefined
    this.#subscription.want(this.#ones.size > 0 ? (all ? 'both' : 'one') : some, presence)
  }
}
