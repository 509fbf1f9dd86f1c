import { fullJitter, measure } from '../../lib/index.ts'
import {
  PartylineError,
  toWireError,
  type Continuity,
  type Hello,
  type Resume,
  type SubscriptionNotice,
  type Wanted,
} from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { Traffic } from '../observe/traffic.ts'
import type { Outgoing } from '../sessions/frame-sender.ts'
import type { Session } from '../sessions/session.ts'
import {
  plain,
  toUpstreamError,
  type TransportLink,
  type UpstreamError,
  type UpstreamEvent,
} from '../upstream/transport.ts'
import { newChannel, unbroken, type Channel, type Upstream } from './channel.ts'
import type { History } from './history.ts'
import { toOutgoing } from './outgoing-event.ts'
import { lastWordsOn } from './last-words.ts'
import { SingleDelivery } from './single-delivery.ts'

export interface ChannelsDeps {
  readonly host: BrokerHost
  readonly epoch: string
  readonly link: TransportLink
  readonly traffic: Traffic
  readonly history: History
  readonly lingerMs: number
  /** How long channels stay joined that another broker has left behind, for its tabs to come over. */
  readonly handoverMs: number
  readonly joinTimeoutMs: number
  readonly maxChannels: number
  /** Aborts when the present connection ends; `undefined` while none is open. */
  connection(): AbortSignal | undefined
  /** The number of wanted channels changed. */
  changed(): void
  /** A channel is joined upstream. */
  joined(channel: string): void
  /** A channel is wanted no more. */
  left(channel: string): void
  /** A tab wants to hear who is in the channel. */
  watched(session: Session, channel: string, ref: number): void
  /** Events of the channel came in vain, or nobody knows whether they did: from here on none is missed. */
  interrupted(channel: string): void
}

const REJOIN_BACKOFF = { baseMs: 1_000, maxMs: 30_000 }

/**
 * Which tab wants which channel, and the joins upstream that follow from it: one for all tabs, made with
 * the first and left a moment after the last, so that navigation and remounts cause no traffic.
 */
export class Channels {
  readonly #deps: ChannelsDeps
  readonly #channels = new Map<string, Channel>()
  readonly #byRef = new Map<number, Channel>()
  readonly #ones: SingleDelivery
  #lastRef = 0

  constructor(deps: ChannelsDeps) {
    this.#deps = deps
    this.#ones = new SingleDelivery({ host: deps.host, history: deps.history, channelOf: ref => this.#byRef.get(ref) })
  }

  get size(): number {
    return this.#channels.size
  }

  stats(): { channel: string; sessions: number; state: string }[] {
    return Array.from(this.#channels.values(), ({ name, subscribers, upstream }) => ({
      channel: name,
      sessions: subscribers.size,
      state: upstream.state,
    }))
  }

  /** Subscribing twice is as good as once; the later `deliver` counts. Beyond `maxChannels` the tab hears `refused`. */
  subscribe(session: Session, { channel: name, deliver = 'all', resume, replay = 0, presence = false }: Wanted): void {
    // It was let go by what it was told so far.
    if (session.isClosed) return
    const channel = this.#channels.get(name) ?? this.#create(name)
    if (channel === undefined) return session.send(tooMany(name, this.#deps.maxChannels))
    channel.cancelLinger()
    const isNew = !channel.subscribers.has(session)
    channel.subscribers.set(session, deliver)
    if (deliver === 'all') this.#ones.takesNoMore(session, channel)
    else if (resume === undefined) this.#ones.wantedAnew(channel)
    if (channel.upstream.state === 'refused') channel.upstream = { state: 'out' }
    session.send(subscriptionNotice(channel, this.#infoNow(channel)))
    if (isNew && resume !== undefined) {
      channel.awaiting.set(session, resume)
      // Otherwise the connection that is being made may bring what is missing, also what the tab has had already.
      if (
        this.#deps.connection() !== undefined ? channel.continuousSince !== undefined : this.#isKnown(session, channel)
      )
        this.#settle(channel, [session])
    }
    if (isNew && resume === undefined && deliver !== 'one') {
      if (channel.interrupted) channel.replays.set(session, replay)
      else this.#replay(session, channel, replay)
    }
    this.#watch(session, channel, presence)
    this.#join(channel, 1)
  }

  /** Answered in any case: the tab waits for it. */
  unsubscribe(session: Session, name: string): void {
    const channel = this.#channels.get(name)
    if (channel !== undefined) this.#end(session, channel)
    session.send({ type: 'subscription', channel: name, ref: channel?.ref ?? 0, state: 'left' })
  }

  /** The session is gone. What it alone was to get and has not handled goes to another. */
  unsubscribeAll(session: Session): void {
    const unhandled = this.#ones.takeBackAll(session)
    for (const channel of this.#channels.values()) this.#release(session, channel)
    this.#ones.passOn(unhandled)
  }

  /** The session has come back; returns the refs of what it wanted before and wants still. */
  resubscribe(session: Session): readonly number[] {
    const wanted = new Map(session.hello.wanted.map(one => [one.channel, one]))
    const kept: number[] = []
    for (const channel of this.#channels.values()) {
      if (!channel.subscribers.has(session)) continue
      if (wanted.has(channel.name)) kept.push(channel.ref)
      else this.#end(session, channel)
    }
    for (const one of wanted.values()) this.subscribe(session, one)
    return kept
  }

  /** The session has not been told yet what it missed. */
  isAwaited(session: Session): boolean {
    return Array.from(this.#channels.values()).some(({ awaiting }) => awaiting.has(session))
  }

  /** The session runs no code for now. */
  paused(session: Session): void {
    this.#ones.paused(session)
  }

  /** Who hears of it when somebody comes or goes; `undefined` for a channel that no tab wants. */
  watchersOf(name: string): { readonly ref: number; readonly sessions: Iterable<Session> } | undefined {
    const channel = this.#channels.get(name)
    return channel && { ref: channel.ref, sessions: channel.watchers }
  }

  isJoined(name: string): boolean {
    return this.#channels.get(name)?.upstream.state === 'joined'
  }

  #watch(session: Session, { name, ref, watchers }: Channel, isWanted: boolean): void {
    if (!isWanted) return void watchers.delete(session)
    if (watchers.has(session)) return
    watchers.add(session)
    this.#deps.watched(session, name, ref)
  }

  /** What came before the tab did, and after everything of which some may be missing. */
  #replay(session: Session, { name, ref, continuousSince }: Channel, count: number): void {
    if (continuousSince === undefined) return
    for (const event of this.#deps.history.last(name, count, continuousSince))
      if (isFor(session, event)) session.sender.send(toOutgoing(ref, event, 1))
  }

  #end(session: Session, channel: Channel): void {
    this.#release(session, channel, this.#deps.link.leavesAtOnce?.(channel.name) === true)
    this.#ones.takesNoMore(session, channel)
  }

  #release(session: Session, channel: Channel, leavesAtOnce = false): void {
    channel.awaiting.delete(session)
    channel.replays.delete(session)
    channel.watchers.delete(session)
    if (!channel.subscribers.delete(session) || channel.subscribers.size > 0) return
    if (leavesAtOnce) this.#leave(channel)
    else this.#linger(channel, this.#deps.lingerMs)
  }

  #linger(channel: Channel, ms: number): void {
    channel.cancelLinger()
    channel.cancelLinger = this.#deps.host.setTimer(ms, () => this.#leave(channel))
  }

  /** The line is open: everything that is wanted is joined (again). What the server restored has come in by now. */
  connectionOpened(): void {
    for (const channel of this.#channels.values()) {
      if (channel.upstream.state === 'refused') this.#become(channel, { state: 'out' })
      if (channel.continuousSince !== undefined) this.#settle(channel)
      this.#join(channel, 1)
    }
  }

  connectionLost(): void {
    for (const channel of this.#channels.values()) {
      const { upstream } = channel
      if (upstream.state === 'refused') continue
      // Joined or not: a server may send events before it confirms a join, or never confirm it.
      channel.interrupted = true
      if (upstream.state === 'joining') upstream.abort.abort()
      if (upstream.state === 'joined') this.#become(channel, { state: 'out' })
      else channel.upstream = { state: 'out' }
    }
  }

  /** An event came from the server. */
  dispatch(event: UpstreamEvent): void {
    const { traffic, history } = this.#deps
    traffic.eventsIn++
    const channel = this.#channels.get(event.channel)
    if (channel?.interrupted) this.#tell(channel, { verdict: 'unknown' })
    if (channel !== undefined && channel.awaiting.size > 0 && !this.#isBeingRestored(channel)) this.#settle(channel)
    // A server may send before it confirms a join.
    if (channel?.upstream.state === 'joining' && channel.continuousSince === undefined) this.#beginAnew(channel)
    if (channel === undefined || channel.subscribers.size === 0) traffic.eventsUnrouted++
    const bytes = channel === undefined ? undefined : this.#route(channel, event)
    history.add(event, this.#streamOf(event.channel), bytes ?? measure(event.payload).bytes)
  }

  #streamOf(channel: string): string {
    return this.#deps.link.streamOf?.(channel) ?? ''
  }

  /** What tabs await comes in with these events, unless the server has begun anew and sends before it confirms a join. */
  #isBeingRestored({ upstream, continuousSince }: Channel): boolean {
    return this.#deps.connection() === undefined || (upstream.state !== 'joined' && continuousSince !== undefined)
  }

  /** Returns its size, where somebody got it. */
  #route(channel: Channel, event: UpstreamEvent): number | undefined {
    const { subscribers, awaiting } = channel
    let forAll: Outgoing | undefined
    let hasTakers = false
    for (const [session, deliver] of subscribers) {
      hasTakers ||= deliver !== 'all'
      if (deliver === 'one' || awaiting.has(session) || !isFor(session, event)) continue
      forAll ??= toOutgoing(channel.ref, event, subscribers.size)
      session.sender.send(forAll)
    }
    const forOne = hasTakers ? this.#ones.route(channel, event, this.#deps.history.n + 1) : undefined
    return (forAll ?? forOne)?.bytes
  }

  /** The transport knows what became of the events that the channel missed. */
  continuity(name: string, continuity: Continuity): void {
    const channel = this.#channels.get(name)
    if (channel?.continuousSince !== undefined) return this.#tell(channel, continuity)
    if (continuity.verdict !== 'recovered') return
    // The server has carried on with the session of another broker.
    const restored = channel ?? this.#create(name)
    if (restored === undefined) return
    restored.continuousSince = this.#deps.history.confirmStart(this.#streamOf(name))
    if (restored.continuousSince === 0) this.#ones.hold(restored)
    if (channel === undefined) this.#linger(restored, this.#deps.handoverMs)
  }

  /** The server ended one channel: joined again, unless the server will not have it. */
  channelLost(name: string, error: UpstreamError): void {
    const channel = this.#channels.get(name)
    if (channel?.upstream.state !== 'joined') return
    channel.interrupted = true
    this.#rejoinLater(channel, 1, error)
  }

  #tell(channel: Channel, continuity: Continuity): void {
    const { ref, awaiting, subscribers } = channel
    channel.interrupted = false
    // Whoever had the last event before this has missed something, and must not be told `recovered` when it comes back.
    if (continuity.verdict !== 'recovered') this.#beginAnew(channel)
    for (const [session, count] of channel.replays) this.#replay(session, channel, count)
    channel.replays.clear()
    for (const session of subscribers.keys())
      session.send(
        awaiting.has(session)
          ? { type: 'continuity', ref, verdict: 'unknown' }
          : { type: 'continuity', ref, ...continuity },
      )
    awaiting.clear()
  }

  #beginAnew(channel: Channel): void {
    channel.continuousSince = this.#deps.history.interrupt()
    this.#deps.interrupted(channel.name)
  }

  /** What the tab has handled last has come here, too. */
  #isKnown(session: Session, channel: Channel): boolean {
    const resume = channel.awaiting.get(session)
    return resume !== undefined && this.#missed(channel, session, resume) !== undefined
  }

  /** Tells those who await it what became of the events since they were attached elsewhere. */
  #settle(channel: Channel, sessions: Iterable<Session> = channel.awaiting.keys()): void {
    const awaiting = [...sessions].flatMap(session => {
      const resume = channel.awaiting.get(session)
      return resume === undefined ? [] : [[session, resume] as const]
    })
    if (awaiting.length === 0) return
    const places = this.#placesForOne(channel, awaiting)
    for (const [session] of awaiting) channel.awaiting.delete(session)
    for (const [session, resume] of awaiting) {
      const missed = this.#missed(channel, session, resume)
      session.send({ type: 'continuity', ref: channel.ref, verdict: missed === undefined ? 'unknown' : 'recovered' })
      if (channel.subscribers.get(session) !== 'one')
        for (const event of missed ?? [])
          if (isFor(session, event)) session.sender.send(toOutgoing(channel.ref, event, 1))
    }
    this.#ones.givenUpTo(channel, places)
  }

  /** Which events a tab has not handled; `undefined` when that cannot be told. */
  #missed(channel: Channel, session: Session, resume: Resume): readonly UpstreamEvent[] | undefined {
    const place = resume.moved
      ? this.#placeOf(channel, resume.position)
      : this.#placeOfMark(channel, session.hello.marks)
    return place === undefined ? undefined : this.#deps.history.since(place, channel.name)
  }

  /** Up to where what exactly one tab is to get was given to one, as far as those who await know. */
  #placesForOne(channel: Channel, awaiting: Iterable<readonly [Session, Resume]>): number[] {
    return [...awaiting]
      .filter(([session]) => channel.subscribers.get(session) !== 'all')
      .flatMap(([{ hello }, { one }]) => [{ one, marks: hello.marks }, ...lastWordsOn(channel.name, hello)])
      .map(({ one, marks }) => this.#placeOf(channel, one) ?? this.#placeOfMark(channel, marks))
      .filter(place => place !== undefined)
  }

  #placeOfMark(channel: Channel, marks: Hello['marks']): number | undefined {
    const { history, epoch } = this.#deps
    const mark = marks?.at(-1)
    return mark && unbroken(channel, history.placeOfMark(mark, this.#streamOf(channel.name), epoch))
  }

  #placeOf(channel: Channel, position: string | undefined): number | undefined {
    return unbroken(channel, this.#deps.history.placeOf(position, this.#streamOf(channel.name)))
  }

  #create(name: string): Channel | undefined {
    if (this.#channels.size >= this.#deps.maxChannels) return undefined
    const channel = newChannel(name, ++this.#lastRef)
    this.#channels.set(name, channel)
    this.#byRef.set(channel.ref, channel)
    this.#deps.changed()
    return channel
  }

  #leave(channel: Channel): void {
    this.#channels.delete(channel.name)
    this.#byRef.delete(channel.ref)
    if (channel.upstream.state === 'joining') channel.upstream.abort.abort()
    this.#deps.link.leave(channel.name)
    this.#deps.left(channel.name)
    this.#deps.changed()
  }

  #infoNow({ name, upstream }: Channel): unknown {
    return upstream.state === 'joined' ? plain(this.#deps.link.infoOf?.(name)) : undefined
  }

  #join(channel: Channel, attempt: number): void {
    const connection = this.#deps.connection()
    if (connection === undefined || channel.upstream.state !== 'out') return
    const abort = new AbortController()
    channel.upstream = { state: 'joining', abort }
    void this.#awaitJoin(channel, attempt, abort)
  }

  async #awaitJoin(channel: Channel, attempt: number, abort: AbortController): Promise<void> {
    const { host, link, joinTimeoutMs } = this.#deps
    const cancelTimeout = host.setTimer(joinTimeoutMs, () => abort.abort(joinTimeout(joinTimeoutMs)))
    try {
      const info = await Promise.race([link.join(channel.name, abort.signal), rejectOnAbort(abort.signal)])
      this.#joined(channel, abort, plain(info))
    } catch (error) {
      this.#joinFailed(channel, attempt, abort, toUpstreamError(error))
    } finally {
      cancelTimeout()
    }
  }

  #joined(channel: Channel, abort: AbortController, info: unknown): void {
    if (!isJoining(channel, abort)) return
    this.#become(channel, { state: 'joined', info })
    this.#deps.joined(channel.name)
    if (channel.interrupted) this.#tell(channel, { verdict: 'unknown' })
    if (channel.continuousSince === undefined) this.#beginAnew(channel)
    this.#settle(channel)
  }

  #joinFailed(channel: Channel, attempt: number, abort: AbortController, error: UpstreamError): void {
    if (!isJoining(channel, abort)) return
    this.#settle(channel)
    this.#rejoinLater(channel, attempt, error)
  }

  /** A refusal is final for this connection; anything else is tried again while the connection lasts. */
  #rejoinLater(channel: Channel, attempt: number, error: UpstreamError): void {
    if (error.kind === 'refused') {
      this.#become(channel, { state: 'refused', error: toWireError(joinRefused(channel.name, error)) })
      return
    }
    this.#become(channel, { state: 'out' })
    const { host } = this.#deps
    const connection = this.#deps.connection()
    host.setTimer(fullJitter(attempt, host.random(), REJOIN_BACKOFF), () => {
      if (connection === this.#deps.connection() && this.#channels.get(channel.name) === channel)
        this.#join(channel, attempt + 1)
    })
  }

  #become(channel: Channel, upstream: Upstream): void {
    channel.upstream = upstream
    for (const session of channel.subscribers.keys()) session.send(subscriptionNotice(channel))
  }
}

function isFor({ id }: Session, { except, only = id }: UpstreamEvent): boolean {
  return except !== id && only === id
}

function isJoining({ upstream }: Channel, abort: AbortController): boolean {
  return upstream.state === 'joining' && upstream.abort === abort
}

function subscriptionNotice({ name, ref, upstream }: Channel, info?: unknown): SubscriptionNotice {
  switch (upstream.state) {
    case 'out':
    case 'joining':
      return { type: 'subscription', channel: name, ref, state: 'joining' }
    case 'joined':
      return { type: 'subscription', channel: name, ref, state: 'joined', info: info ?? upstream.info }
    case 'refused':
      return { type: 'subscription', channel: name, ref, state: 'refused', error: upstream.error }
  }
}

function tooMany(name: string, maxChannels: number): SubscriptionNotice {
  const error = new PartylineError('too-many-channels', `this line may have ${maxChannels} channels (maxChannels)`)
  return { type: 'subscription', channel: name, ref: 0, state: 'refused', error: toWireError(error) }
}

function joinRefused(name: string, error: UpstreamError): PartylineError {
  return new PartylineError('join-refused', `the server refused channel ${JSON.stringify(name)}: ${error.message}`, {
    details: error.details,
  })
}

function joinTimeout(joinTimeoutMs: number): Error {
  return new Error(`no answer to the join within ${joinTimeoutMs} ms`)
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
