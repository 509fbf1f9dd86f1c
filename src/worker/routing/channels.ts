import type { Continuity, SubscriptionNotice, Wanted } from '../../protocol/index.ts'
import { fullJitter } from '../../lib/index.ts'
import { PartylineError, toWireError, type WireError } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { Traffic } from '../observe/traffic.ts'
import type { Session } from '../sessions/session.ts'
import { toUpstreamError, type TransportLink, type UpstreamError, type UpstreamEvent } from '../upstream/transport.ts'
import { toOutgoing } from './outgoing-event.ts'

export interface ChannelsDeps {
  readonly host: BrokerHost
  readonly link: TransportLink
  readonly traffic: Traffic
  readonly lingerMs: number
  readonly joinTimeoutMs: number
  readonly maxChannels: number
  /** Aborts when the present connection ends; `undefined` while none is open. */
  connection(): AbortSignal | undefined
  /** The number of wanted channels changed. */
  changed(): void
}

interface Channel {
  readonly name: string
  /** Stands for the channel in every frame of this epoch. */
  readonly ref: number
  readonly sessions: Set<Session>
  upstream: Upstream
  /** It was joined before the connection went, and the tabs have not yet heard what became of the time between. */
  interrupted: boolean
  /** Of the last event that came; `undefined` after a loss. */
  position: string | undefined
  cancelLinger: () => void
}

type Upstream =
  | { readonly state: 'out' }
  | { readonly state: 'joining'; readonly abort: AbortController }
  | { readonly state: 'joined' }
  | { readonly state: 'refused'; readonly error: WireError }

const REJOIN_BACKOFF = { baseMs: 1_000, maxMs: 30_000 }

/**
 * Which tab wants which channel, and the joins upstream that follow from it: one for all tabs, made with
 * the first and left a moment after the last, so that navigation and remounts cause no traffic.
 */
export class Channels {
  readonly #deps: ChannelsDeps
  readonly #channels = new Map<string, Channel>()
  #lastRef = 0

  constructor(deps: ChannelsDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#channels.size
  }

  stats(): { channel: string; sessions: number; state: string }[] {
    return Array.from(this.#channels.values(), ({ name, sessions, upstream }) => ({
      channel: name,
      sessions: sessions.size,
      state: upstream.state,
    }))
  }

  /** Subscribing twice is as good as once. Beyond `maxChannels` the tab hears `refused`. */
  subscribe(session: Session, { channel: name, resume }: Wanted): void {
    // It was let go by what it was told so far.
    if (session.isClosed) return
    const channel = this.#channels.get(name) ?? this.#create(name)
    if (channel === undefined) return session.send(tooMany(name, this.#deps.maxChannels))
    channel.cancelLinger()
    channel.sessions.add(session)
    if (channel.upstream.state === 'refused') channel.upstream = { state: 'out' }
    session.send(subscriptionNotice(channel))
    if (resume !== undefined)
      session.send({ type: 'continuity', ref: channel.ref, ...resumed(channel, resume.position) })
    this.#join(channel, 1)
  }

  /** Answered in any case: the tab waits for it. */
  unsubscribe(session: Session, name: string): void {
    const channel = this.#channels.get(name)
    if (channel !== undefined) this.#release(session, channel)
    session.send({ type: 'subscription', channel: name, ref: channel?.ref ?? 0, state: 'left' })
  }

  /** The session is gone. */
  unsubscribeAll(session: Session): void {
    for (const channel of this.#channels.values()) this.#release(session, channel)
  }

  #release(session: Session, channel: Channel): void {
    if (!channel.sessions.delete(session) || channel.sessions.size > 0) return
    channel.cancelLinger = this.#deps.host.setTimer(this.#deps.lingerMs, () => this.#leave(channel))
  }

  /** The line is open: everything that is wanted is joined (again). */
  connectionOpened(): void {
    for (const channel of this.#channels.values()) {
      if (channel.upstream.state === 'refused') this.#become(channel, { state: 'out' })
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
    const { traffic } = this.#deps
    traffic.eventsIn++
    const channel = this.#channels.get(event.channel)
    if (channel?.interrupted) this.#tell(channel, { verdict: 'unknown' })
    if (channel) channel.position = event.position
    if (channel === undefined || channel.sessions.size === 0) {
      traffic.eventsUnrouted++
      return
    }
    const outgoing = toOutgoing(channel.ref, event, channel.sessions.size)
    for (const session of channel.sessions) session.sender.send(outgoing)
  }

  /** The transport knows what became of the events that the channel missed. */
  continuity(name: string, continuity: Continuity): void {
    const channel = this.#channels.get(name)
    if (channel !== undefined) this.#tell(channel, continuity)
  }

  /** The server ended one channel: joined again, unless the server will not have it. */
  channelLost(name: string, error: UpstreamError): void {
    const channel = this.#channels.get(name)
    if (channel?.upstream.state !== 'joined') return
    channel.interrupted = true
    this.#rejoinLater(channel, 1, error)
  }

  #tell(channel: Channel, continuity: Continuity): void {
    channel.interrupted = false
    // Whoever had the last event before this has missed something, and must not be told `recovered` when it comes back.
    if (continuity.verdict !== 'recovered') channel.position = undefined
    for (const session of channel.sessions) session.send({ type: 'continuity', ref: channel.ref, ...continuity })
  }

  #create(name: string): Channel | undefined {
    if (this.#channels.size >= this.#deps.maxChannels) return undefined
    const channel: Channel = {
      name,
      ref: ++this.#lastRef,
      sessions: new Set(),
      upstream: { state: 'out' },
      interrupted: false,
      position: undefined,
      cancelLinger: () => {},
    }
    this.#channels.set(name, channel)
    this.#deps.changed()
    return channel
  }

  #leave(channel: Channel): void {
    this.#channels.delete(channel.name)
    if (channel.upstream.state === 'joining') channel.upstream.abort.abort()
    this.#deps.link.leave(channel.name)
    this.#deps.changed()
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
      await Promise.race([link.join(channel.name, abort.signal), rejectOnAbort(abort.signal)])
      this.#joined(channel, abort)
    } catch (error) {
      this.#joinFailed(channel, attempt, abort, toUpstreamError(error))
    } finally {
      cancelTimeout()
    }
  }

  #joined(channel: Channel, abort: AbortController): void {
    if (!isJoining(channel, abort)) return
    this.#become(channel, { state: 'joined' })
    if (channel.interrupted) this.#tell(channel, { verdict: 'unknown' })
  }

  #joinFailed(channel: Channel, attempt: number, abort: AbortController, error: UpstreamError): void {
    if (isJoining(channel, abort)) this.#rejoinLater(channel, attempt, error)
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
    for (const session of channel.sessions) session.send(subscriptionNotice(channel))
  }
}

function isJoining({ upstream }: Channel, abort: AbortController): boolean {
  return upstream.state === 'joining' && upstream.abort === abort
}

function subscriptionNotice({ name, ref, upstream }: Channel): SubscriptionNotice {
  switch (upstream.state) {
    case 'out':
    case 'joining':
      return { type: 'subscription', channel: name, ref, state: 'joining' }
    case 'joined':
      return { type: 'subscription', channel: name, ref, state: 'joined' }
    case 'refused':
      return { type: 'subscription', channel: name, ref, state: 'refused', error: upstream.error }
  }
}

function tooMany(name: string, maxChannels: number): SubscriptionNotice {
  const error = new PartylineError('too-many-channels', `this line may have ${maxChannels} channels (maxChannels)`)
  return { type: 'subscription', channel: name, ref: 0, state: 'refused', error: toWireError(error) }
}

/** A tab comes back: nothing is missing only when its last event is also the channel's last, without a break since. */
function resumed(channel: Channel, position: string | undefined): Continuity {
  const unbroken = channel.upstream.state === 'joined' && position !== undefined && channel.position === position
  return { verdict: unbroken ? 'recovered' : 'unknown' }
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
