import { deferred, type Deferred } from '../../lib/index.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import type { ChannelAnswer } from './pusher-answers.ts'

export interface SubscriptionsDeps {
  /** What the app's server says; `undefined` for a channel that anybody may join. */
  authorise(channel: string, signal: AbortSignal): Promise<ChannelAnswer | undefined>
  /** Asks the server for the channel. */
  subscribe(channel: string, answer: ChannelAnswer | undefined): void
  /** Nobody needs it any more. */
  unsubscribe(channel: string): void
}

/** One channel of the server, from the first who needs it to the last. */
interface Subscription {
  readonly channel: string
  /** Under which ids the broker wants the channel, and messages that wait to be sent there. */
  readonly holders: Set<Holder>
  /** Its end, before or after it was joined. */
  readonly abort: AbortController
  /** What the server says. */
  readonly answer: Deferred<void>
  ready: Promise<void>
  isAsked: boolean
  isJoined: boolean
  auth: ChannelAnswer | undefined
}

/** An id of the broker's, or a message. */
type Holder = string | object

/**
 * The channels of one connection. The broker joins and leaves them; a message may need one for the time that it takes to
 * send it, because Pusher takes events of clients only from those who have joined.
 */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  readonly #subscriptions = new Map<string, Subscription>()

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when the server has confirmed it.
   * @param id as the broker calls it; several ids may want the same channel of the server
   */
  join(channel: string, signal: AbortSignal, id = channel): Promise<void> {
    return this.#hold(this.#need(channel), id, signal)
  }

  leave(channel: string, id = channel): void {
    const subscription = this.#subscriptions.get(channel)
    if (subscription !== undefined) this.#release(subscription, id)
  }

  has(channel: string): boolean {
    return this.#subscriptions.has(channel)
  }

  isJoined(channel: string): boolean {
    return this.#subscriptions.get(channel)?.isJoined === true
  }

  /** Under which ids tabs listen to it, or are about to. */
  wantedAs(channel: string): readonly string[] {
    return [...(this.#subscriptions.get(channel)?.holders ?? [])].filter(isId)
  }

  /** With which answer the channel was joined. */
  authOf(channel: string): ChannelAnswer | undefined {
    return this.#subscriptions.get(channel)?.auth
  }

  /** Asks the app's server again, for a channel that is joined already. */
  async renew(channel: string, signal: AbortSignal): Promise<ChannelAnswer | undefined> {
    return this.has(channel) ? this.#deps.authorise(channel, signal) : undefined
  }

  /**
   * Runs something that needs the channel: at once where it is joined, otherwise when it is, one after the other.
   * Throws, or rejects, as it does.
   */
  use(channel: string, signal: AbortSignal, run: () => void): Promise<void> {
    const subscription = this.#need(channel)
    const isWaitedFor = [...subscription.holders].some(holder => !isId(holder))
    if (subscription.isJoined && !isWaitedFor) {
      run()
      return Promise.resolve()
    }
    const holder = {}
    return this.#hold(subscription, holder, signal)
      .then(run)
      .finally(() => this.#release(subscription, holder))
  }

  /** The server has confirmed it. False when nobody waits for that any more. */
  confirmed(channel: string): boolean {
    const subscription = this.#asked(channel)
    subscription?.answer.resolve()
    return subscription !== undefined
  }

  refused(channel: string, error: UpstreamError): void {
    const subscription = this.#asked(channel)
    if (subscription === undefined) return
    subscription.isAsked = false
    subscription.answer.reject(error)
  }

  /** The connection is gone, and with it all that was joined. */
  end(error: UpstreamError): void {
    const all = [...this.#subscriptions.values()]
    this.#subscriptions.clear()
    for (const { abort } of all) abort.abort(error)
  }

  /** What the server says of a channel counts only after it was asked. */
  #asked(channel: string): Subscription | undefined {
    const subscription = this.#subscriptions.get(channel)
    return subscription?.isAsked === true ? subscription : undefined
  }

  #need(channel: string): Subscription {
    return this.#subscriptions.get(channel) ?? this.#create(channel)
  }

  #create(channel: string): Subscription {
    const abort = new AbortController()
    const answer = deferred<void>()
    abort.signal.addEventListener('abort', () => answer.reject(abort.signal.reason))
    // It may end before anybody waits for the answer.
    answer.promise.catch(() => {})
    const subscription: Subscription = {
      channel,
      holders: new Set(),
      abort,
      answer,
      ready: Promise.resolve(),
      isAsked: false,
      isJoined: false,
      auth: undefined,
    }
    this.#subscriptions.set(channel, subscription)
    subscription.ready = this.#subscribe(subscription)
    // Whoever waits hears of it; there may be nobody left.
    subscription.ready.catch(() => this.#forget(subscription))
    return subscription
  }

  async #subscribe(subscription: Subscription): Promise<void> {
    const { channel, abort, answer } = subscription
    const authorised = this.#deps.authorise(channel, abort.signal).then(auth => (subscription.auth = auth))
    // A tab may take its time, and does not hear of the end.
    await Promise.race([authorised, answer.promise])
    abort.signal.throwIfAborted()
    this.#deps.subscribe(channel, subscription.auth)
    subscription.isAsked = true
    await answer.promise
    subscription.isJoined = true
  }

  /** Until the holder lets go, or its own signal aborts before the channel is joined. */
  async #hold(subscription: Subscription, holder: Holder, signal: AbortSignal): Promise<void> {
    const { holders, ready } = subscription
    const aborted = deferred<never>()
    const abort = (): void => aborted.reject(toUpstreamError(signal.reason))
    holders.add(holder)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    try {
      await Promise.race([ready, aborted.promise])
    } catch (error) {
      this.#release(subscription, holder)
      throw toUpstreamError(error)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  #release(subscription: Subscription, holder: Holder): void {
    const { channel, holders, abort, isAsked } = subscription
    if (!holders.delete(holder) || holders.size > 0 || abort.signal.aborted) return
    this.#forget(subscription)
    abort.abort(new UpstreamError('network', 'the channel is wanted no more'))
    if (isAsked) this.#deps.unsubscribe(channel)
  }

  #forget(subscription: Subscription): void {
    const { channel } = subscription
    if (this.#subscriptions.get(channel) === subscription) this.#subscriptions.delete(channel)
  }
}

function isId(holder: Holder): holder is string {
  return typeof holder === 'string'
}
