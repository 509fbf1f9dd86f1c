import {
  PartylineError,
  type ChannelAddress,
  type ChannelParams,
  type Continuity,
  type Member,
  type PresenceChange,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { BaseLine } from './base-line.ts'
import { membersAfter } from './members-after.ts'
import { publish } from './publish.ts'
import type { Subscription } from './subscription.ts'
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

type Handler = (payload: unknown, meta: EventMeta) => void

/** One channel in this tab. Wanted as long as somebody listens to it, or the tab tells of itself there. */
export class ClientChannel implements Channel {
  readonly name: string
  readonly params: ChannelParams | undefined
  readonly #line: Pick<BaseLine, 'closed' | 'send' | 'cancel'>
  readonly #subscription: Subscription
  #members: readonly Member[] = []
  /** The last one that {@link #members} has. */
  #change: PresenceChange | undefined

  constructor(
    { name, params }: ChannelAddress,
    subscription: Subscription,
    line: Pick<BaseLine, 'closed' | 'send' | 'cancel'>,
  ) {
    this.name = name
    this.params = params
    this.#line = line
    this.#subscription = subscription
    subscription.on('state', ({ state }) => {
      if (state === 'idle') this.#members = []
    })
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
    return this.#subscription.on('continuity', listener, options)
  }

  onState(listener: (change: ChannelStateChange) => void, options?: ListenOptions): () => void {
    return this.#subscription.on('state', listener, options)
  }

  onPresence(listener: (members: readonly Member[]) => void, options?: ListenOptions): () => void {
    return this.#subscription.on('presence', change => listener(this.#membersAfter(change)), options)
  }

  track(state: unknown): void {
    this.#subscription.track(state)
  }

  /** The first who hears of a change sees to it. */
  #membersAfter(change: PresenceChange): readonly Member[] {
    if (change !== this.#change) this.#members = membersAfter(this.#members, change)
    this.#change = change
    return this.#members
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
    return subscription.on(
      options.deliver === 'one' ? 'one' : 'event',
      ([, name, payload, position, rest]) => {
        if (event === undefined || event === name) handler(payload, { channel: this.name, event: name, position, rest })
      },
      options,
    )
  }
}
