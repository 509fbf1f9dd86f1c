import type {
  Continuity,
  Deliver,
  EventItem,
  Op,
  PartylineError,
  PresenceChange,
  Resume,
  SubscriptionState,
  Wanted,
} from '../protocol/index.ts'
import { Emitter } from './emitter.ts'
import type { ChannelState, ChannelStateChange, ListenOptions } from './types.ts'

/** What can be heard in a channel. */
export interface Heard {
  event: EventItem
  /** An event that comes to one tab alone. */
  one: EventItem
  state: ChannelStateChange
  continuity: Continuity
  presence: PresenceChange
}

type Emitters = { readonly [What in keyof Heard]: Emitter<Heard[What]> }

/** Asks the broker, if the tab is attached to one; otherwise the next hello says it. Returns whether it was asked. */
export type Tell = (op: Op, failed?: (error: PartylineError) => void) => boolean

const UNMOVED: Resume = { moved: false }

/** One channel of this tab: who listens to it, and what the broker is told of that. */
export class Subscription {
  /** Stands for the channel in every message. */
  readonly id: string
  /** How this tab wants its events; `undefined` when it does not. */
  deliver: Deliver | undefined
  /** Of the events that came before, so many of the last ones are wanted, too. */
  replay = 0
  state: ChannelState = 'idle'
  /** What the transport told of the join, while it is joined. */
  info: unknown
  readonly #tell: Tell
  readonly #emitters: Emitters = {
    event: new Emitter(),
    one: new Emitter(),
    state: new Emitter(),
    continuity: new Emitter(),
    presence: new Emitter(),
  }
  #presence = false
  /** What this tab has told of itself. */
  #tracked: unknown
  /** How often it was left without an answer yet: until then what comes belongs to an earlier subscription. */
  #leaving = 0
  /** A broker knows that this tab wants it. */
  #isKnown = false
  /** What was handled here since the last mark. */
  #resume = UNMOVED

  constructor(id: string, tell: Tell) {
    this.id = id
    this.#tell = tell
  }

  /**
   * Listens until the returned function is called or the signal aborts. Whoever hears events or presence is reason
   * enough to join the channel.
   */
  on<What extends keyof Heard>(
    what: What,
    listener: (heard: Heard[What]) => void,
    options?: ListenOptions,
  ): () => void {
    const stop = this.#emitters[what].on(listener, options, () => this.#wantedChanged())
    this.#wantedChanged()
    return stop
  }

  /** For the line: something has come. */
  emit<What extends keyof Heard>(what: What, heard: Heard[What]): void {
    this.#emitters[what].emit(heard)
  }

  /**
   * Tells the others in the channel of this tab; `undefined`: no more. Reason enough to join it.
   * @throws what cannot be cloned, before anything has changed
   */
  track(state: unknown): void {
    this.#tracked = structuredClone(state)
    this.#wantedChanged()
    this.#tellTracked()
  }

  /** There is a broker that may not know. */
  attached(): void {
    if (this.#tracked !== undefined) this.#tellTracked()
  }

  /** The broker is gone, and with it what it still had to say. */
  detached(): void {
    this.#leaving = 0
    if (this.deliver) this.#become('joining')
  }

  /** What to ask a broker for. */
  wanted(): Wanted {
    return {
      channel: this.id,
      deliver: this.deliver,
      resume: this.#isKnown ? this.#resume : undefined,
      replay: this.replay,
      presence: this.#presence,
    }
  }

  receive(event: EventItem): void {
    if (this.#leaving > 0) return
    const [ref, , , position] = event
    const { one } = this.#resume
    this.#resume = ref < 0 ? { ...this.#resume, one: position } : { moved: true, position, one }
    this.emit(ref < 0 ? 'one' : 'event', event)
  }

  /** The broker has told a mark, and all before it was handled. */
  marked(): void {
    this.#resume = UNMOVED
  }

  /** How the channel stands at the broker. */
  subscription(state: SubscriptionState, error?: PartylineError, info?: unknown): void {
    // One that was told before a cached session came back may come again.
    if (state === 'left') this.#leaving = Math.max(0, this.#leaving - 1)
    else if (this.deliver && this.#leaving === 0) {
      this.#isKnown = true
      this.#become(state, error, info)
    }
  }

  #become(state: ChannelState, error?: PartylineError, info?: unknown): void {
    if (state === this.state) return
    this.state = state
    this.info = info
    this.emit('state', { state, error, info })
  }

  #tellTracked(): void {
    this.#tell({ op: 'track', channel: this.id, state: this.#tracked }, error => {
      // With the line goes what it has told.
      if (error.code !== 'line-closed' && error.code !== 'forgotten') reportError(error)
    })
  }

  #wantedChanged(): void {
    const { event, one, presence } = this.#emitters
    const all = event.size > 0
    const some = all || presence.size > 0 || this.#tracked !== undefined ? 'all' : undefined
    this.#want(one.size > 0 ? (all ? 'both' : 'one') : some, presence.size > 0)
  }

  /** @param presence whether the tab wants to hear who is there */
  #want(deliver: Deliver | undefined, presence: boolean): void {
    if (deliver === this.deliver && presence === this.#presence) return
    this.deliver = deliver
    this.#presence = presence
    if (deliver) {
      this.#tell({ op: 'subscribe', ...this.wanted(), resume: undefined }, error => this.subscription('refused', error))
      if (this.state === 'idle') this.#become('joining')
    } else {
      this.#isKnown = false
      this.replay = 0
      if (this.#tell({ op: 'unsubscribe', channel: this.id }, () => this.subscription('left'))) this.#leaving++
      this.#become('idle')
    }
  }
}
