import type {
  ContinuityNotice,
  Deliver,
  EventItem,
  Op,
  PartylineError,
  PresenceNotice,
  Resume,
  SubscriptionState,
  Wanted,
} from '../protocol/index.ts'
import type { ChannelState } from './types.ts'

/** Who hears what comes in a channel. `stateChanged` must not throw. */
export interface ChannelSink {
  event(event: EventItem): void
  /** @param info what the transport tells of the join, with `joined` */
  stateChanged(state: ChannelState, error?: PartylineError, info?: unknown): void
  notice(notice: ContinuityNotice | PresenceNotice): void
}

/** Asks the broker, if the tab is attached to one; otherwise the next hello says it. Returns whether it was asked. */
export type Tell = (op: Op, failed?: (error: PartylineError) => void) => boolean

const UNMOVED: Resume = { moved: false }

/** One channel of this tab, as far as the broker has a part in it. */
export class Subscription {
  /** Stands for the channel in every message. */
  readonly id: string
  readonly sink: ChannelSink
  /** How this tab wants its events; `undefined` when it does not. */
  deliver: Deliver | undefined
  /** Of the events that came before, so many of the last ones are wanted, too. */
  replay = 0
  state: ChannelState = 'idle'
  /** What the transport told of the join, while it is joined. */
  info: unknown
  readonly #tell: Tell
  #presence = false
  /** What this tab has told of itself. */
  #tracked: unknown
  /** How often it was left without an answer yet: until then what comes belongs to an earlier subscription. */
  #leaving = 0
  /** A broker knows that this tab wants it. */
  #isKnown = false
  /** What was handled here since the last mark. */
  #resume = UNMOVED

  constructor(id: string, sink: ChannelSink, tell: Tell) {
    this.id = id
    this.sink = sink
    this.#tell = tell
  }

  /** @param presence whether the tab wants to hear who is there */
  want(deliver: Deliver | undefined, presence = false): void {
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

  /** Tells the others in the channel of this tab, which has to want it; `undefined`: no more. @param state that can be cloned */
  track(state: unknown): void {
    this.#tracked = state
    this.#tell({ op: 'track', channel: this.id, state }, error => {
      // With the line goes what it has told.
      if (error.code !== 'line-closed' && error.code !== 'forgotten') reportError(error)
    })
  }

  /** There is a broker that may not know. */
  attached(): void {
    if (this.#tracked !== undefined) this.track(this.#tracked)
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
    this.sink.event(event)
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
    this.sink.stateChanged(state, error, info)
  }
}
