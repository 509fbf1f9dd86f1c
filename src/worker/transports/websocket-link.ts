import { deferred, type Deferred } from '../../lib/index.ts'
import { fromChannelId, type Checkpoint, type Credentials } from '../../protocol/index.ts'
import {
  toUpstreamError,
  UpstreamError,
  type OpenRequest,
  type TransportLink,
  type TransportSink,
  type UpstreamMessage,
} from '../upstream/transport.ts'
import { Conversation } from './websocket-conversation.ts'
import { withinTime } from './websocket-deadline.ts'
import { Handover } from './websocket-handover.ts'
import { Holding } from './websocket-holding.ts'
import type { ResolvedOptions } from './websocket-options.ts'
import { OwnStates } from './websocket-own-states.ts'
import type { ToldChannel } from './websocket-reading.ts'
import { connectSocket } from './websocket-socket.ts'
import { StreamCarrier } from './websocket-stream-carrier.ts'
import { WayBack } from './websocket-way-back.ts'
import { failed, INITIAL_WAY, isInTheWay, waysToTry, worked, type Way } from './websocket-way.ts'

/** How long answers are waited for that are still to come over a connection that has been replaced. */
const DRAIN_MS = 5_000

/** The line over one conversation, or for a moment over two; its positions outlive both. */
export class WebSocketLink implements TransportLink {
  readonly #options: ResolvedOptions
  readonly #sink: TransportSink
  readonly #wayBack: WayBack | undefined
  /** Of the last event of each channel that is wanted. */
  readonly #positions = new Map<string, string>()
  /** Over the connection that there is. */
  readonly #joined = new Set<string>()
  readonly #own = new OwnStates()
  #holding = new Holding()
  #current: Conversation | undefined
  #isOpen = false
  #credentials: Credentials | undefined
  #way = INITIAL_WAY
  #isDegraded = false
  #handover: Handover | undefined
  /** Messages wait for it, so that they arrive behind those that were sent another way. */
  #gate: Deferred<void> | undefined
  readonly track?: NonNullable<TransportLink['track']>
  readonly untrack?: NonNullable<TransportLink['untrack']>
  readonly renew?: NonNullable<TransportLink['renew']>

  constructor(options: ResolvedOptions, sink: TransportSink) {
    const { codec, fallback } = options
    this.#options = options
    this.#sink = sink
    if (fallback !== undefined) this.#wayBack = new WayBack(fallback.return, signal => this.#return(signal))
    if (codec.track !== undefined) {
      this.track = (channel, tab, state) => this.#track(channel, tab, state)
      this.untrack = (channel, tab) => this.#untrack(channel, tab)
    }
    if (codec.renew !== undefined) this.renew = credentials => this.#renew(credentials)
  }

  async open({ credentials, signal, resume = {} }: OpenRequest): Promise<void> {
    this.#credentials = credentials
    try {
      const way = await this.#connect(signal)
      await this.#carryOn(resume, signal)
      signal.throwIfAborted()
      // It may have ended at once.
      if (this.#current?.error !== undefined) throw this.#current.error
      this.#isOpen = true
      this.#degraded(way === 'events')
      if (way === 'events') this.#wayBack?.start()
    } catch (error) {
      this.close()
      throw toUpstreamError(error)
    }
  }

  async join(channel: string, signal: AbortSignal): Promise<void> {
    const { offers } = this.#options.codec
    if (fromChannelId(channel).params !== undefined && offers?.filters !== true && offers?.history !== true)
      throw new UpstreamError('refused', 'the channels of this protocol have no parameters')
    if (!this.#joined.has(channel)) await this.#join(channel, signal)
  }

  leave(channel: string): void {
    this.#forget(channel)
    this.#handover?.leave(channel)
    this.#current?.leave(channel)
  }

  publish(message: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    const conversation = this.#conversation()
    return this.#gate === undefined
      ? conversation.publish(message, signal)
      : this.#gate.promise.then(() => this.#conversation().publish(message, signal))
  }

  checkpoint(): Checkpoint {
    return Object.fromEntries(
      Array.from(this.#positions, ([channel, position]) => [channel, { session: '', position }]),
    )
  }

  /** Each channel has positions of its own. */
  streamOf(channel: string): string {
    return channel
  }

  close(): void {
    this.#isOpen = false
    this.#wayBack?.stop()
    this.#handover?.next.close()
    this.#current?.close()
    this.#handover = undefined
    this.#current = undefined
    this.#joined.clear()
    this.#own.clear()
    this.#holding = new Holding()
    this.#openGate()
  }

  /** Returns the way that the connection goes. */
  async #connect(signal: AbortSignal): Promise<Way> {
    const { fallback } = this.#options
    const ways: readonly Way[] = fallback === undefined ? ['socket'] : waysToTry(this.#way, fallback.afterFailures)
    let first: UpstreamError | undefined
    for (const way of ways) {
      try {
        this.#current = this.#create(way)
        await this.#openWithin(this.#current, signal)
        this.#way = worked(way, this.#way)
        return way
      } catch (error) {
        signal.throwIfAborted()
        const cause = toUpstreamError(error)
        if (!isInTheWay(cause.kind)) throw cause
        this.#way = failed(way, this.#way)
        first ??= cause
      }
    }
    throw first ?? new UpstreamError('network', 'there is no way to connect')
  }

  /** Where there is another way, one that says nothing is not waited for without end. */
  async #openWithin(conversation: Conversation, signal: AbortSignal): Promise<void> {
    const { fallback } = this.#options
    if (fallback === undefined) return conversation.open(this.#credentials, signal)
    const time = withinTime(signal, fallback.withinMs)
    await conversation.open(this.#credentials, time.signal).finally(time.clear)
  }

  #create(way: Way): Conversation {
    const { codec, socket, fallback, pingMs, pongMs, maxFrameBytes } = this.#options
    const credentials = this.#credentials
    const conversation: Conversation = new Conversation({
      codec,
      textOnly: way === 'events',
      connect: listener =>
        way === 'events' && fallback !== undefined
          ? new StreamCarrier(fallback.stream(credentials), listener)
          : connectSocket(socket(credentials), listener),
      pingMs,
      pongMs,
      maxFrameBytes,
      listener: {
        told: message => this.#told(conversation, message),
        malformed: (kind, detail) => this.#sink.malformed(kind, detail),
        ended: error => this.#ended(conversation, error),
      },
    })
    return conversation
  }

  /** From where another broker was: what the server does not go on with is joined when it is wanted, from anew. */
  async #carryOn(resume: Checkpoint, signal: AbortSignal): Promise<void> {
    if (this.#options.codec.offers?.recovery !== true) return
    const channels = Object.keys(resume).filter(channel => !this.#positions.has(channel))
    for (const channel of channels) this.#moveTo(channel, resume[channel]?.position)
    await Promise.all(
      channels.map(async channel => {
        await this.#join(channel, signal).catch(() => {})
        if (!this.#joined.has(channel)) this.#positions.delete(channel)
      }),
    )
  }

  async #join(channel: string, signal: AbortSignal): Promise<void> {
    const after = this.#options.codec.offers?.recovery === true ? this.#positions.get(channel) : undefined
    if (after !== undefined) this.#holding.hold(channel)
    try {
      await this.#conversation().join(channel, after, signal)
    } catch (error) {
      // One that is no longer waited for may be answered still, or will be asked again.
      if (!signal.aborted) this.#holding.drop(channel)
      throw error
    }
  }

  #told(by: Conversation, message: ToldChannel): void {
    if (by === this.#handover?.next) return this.#handover.toldByNext(message)
    if (by !== this.#current) return
    if (this.#handover === undefined) this.#deliver(message)
    else this.#handover.toldByOld(message)
  }

  #deliver(message: ToldChannel): void {
    const { channel } = message
    if (message.type === 'joined') return this.#confirmed(message)
    if (this.#holding.add(message)) return
    switch (message.type) {
      case 'event': {
        const { type: _, ...event } = message
        this.#moveTo(channel, event.position)
        return this.#sink.event(event)
      }
      case 'continuity':
        return this.#sink.continuity(channel, message.continuity)
      case 'presence':
        return this.#sink.presence(channel, message.change)
      case 'left':
        this.#joined.delete(channel)
        return this.#sink.channelLost(channel, message.error)
    }
  }

  #confirmed({ channel, position, continuity }: Extract<ToldChannel, { type: 'joined' }>): void {
    const held = this.#holding.take(channel)
    // Not before the line is open: nobody there wants the channel yet but for its past.
    if (!this.#isOpen && continuity?.verdict !== 'recovered') return this.#current?.leave(channel)
    this.#joined.add(channel)
    if (continuity !== undefined) this.#sink.continuity(channel, continuity)
    for (const message of held) this.#deliver(message)
    this.#moveTo(channel, position)
  }

  #moveTo(channel: string, position: string | undefined): void {
    if (position !== undefined) this.#positions.set(channel, position)
  }

  #ended(conversation: Conversation, error: UpstreamError): void {
    // What becomes of another one than the line's own, whoever opened it finds out.
    if (conversation === this.#current && this.#isOpen) this.#lost(error)
  }

  #lost(error: UpstreamError): void {
    this.close()
    this.#sink.lost(error)
  }

  #forget(channel: string): void {
    this.#positions.delete(channel)
    this.#joined.delete(channel)
    this.#holding.drop(channel)
    this.#own.drop(channel)
  }

  /** @throws UpstreamError `network` while none is open */
  #conversation(): Conversation {
    if (this.#current === undefined) throw new UpstreamError('network', 'the connection is not open')
    return this.#current
  }

  #degraded(is: boolean): void {
    if (is === this.#isDegraded) return
    this.#isDegraded = is
    this.#sink.degraded(is)
  }

  async #track(channel: string, tab: string, state: unknown): Promise<void> {
    this.#own.set(channel, tab, state)
    if (this.#handover?.hasMoved(channel) === true) this.#tellState(this.#handover.next, channel, tab, state)
    await this.#conversation().track(channel, tab, state)
  }

  #untrack(channel: string, tab: string): void {
    this.#own.delete(channel, tab)
    if (this.#handover?.hasMoved(channel) === true) this.#untell(this.#handover.next, channel, tab)
    if (this.#current !== undefined) this.#untell(this.#current, channel, tab)
  }

  /** Where the server knows one state of this connection, the last of another tab takes its place. */
  #untell(conversation: Conversation, channel: string, tab: string): void {
    const other = this.#options.codec.tracksTabs === true ? undefined : this.#own.of(channel).at(-1)
    if (other === undefined) conversation.untrack(channel, tab)
    else this.#tellState(conversation, channel, ...other)
  }

  #tellState(conversation: Conversation, channel: string, tab: string, state: unknown): void {
    // Whoever told it first has heard what the server says to it.
    conversation.track(channel, tab, state).catch(() => {})
  }

  #renew(credentials: Credentials): void {
    this.#credentials = credentials
    this.#current?.renew(credentials)
    this.#handover?.next.renew(credentials)
  }

  /** From requests back to a socket. Rejects where that is to be tried again later. */
  async #return(signal: AbortSignal): Promise<void> {
    const next = this.#create('socket')
    await this.#openWithin(next, signal)
    if (signal.aborted) return next.close()
    const handover = new Handover({
      next,
      signal,
      joined: () => this.#joined,
      positionOf: channel => this.#positions.get(channel),
      moved: channel => {
        for (const [tab, state] of this.#own.of(channel)) this.#tellState(next, channel, tab, state)
      },
      deliver: message => this.#deliver(message),
    })
    this.#handover = handover
    try {
      await handover.move()
      await this.#drain()
      await handover.move()
      signal.throwIfAborted()
      this.#replace(next)
    } catch (error) {
      this.#stay(handover, toUpstreamError(error))
      throw error
    }
  }

  async #drain(): Promise<void> {
    this.#gate = deferred()
    const drained = deferred<void>()
    const timer = setTimeout(() => drained.resolve(), DRAIN_MS)
    void this.#current?.idle().then(drained.resolve)
    await drained.promise.finally(() => clearTimeout(timer))
  }

  #replace(next: Conversation): void {
    const old = this.#current
    this.#current = next
    this.#handover = undefined
    this.#way = INITIAL_WAY
    old?.close()
    this.#openGate()
    this.#degraded(false)
  }

  #stay(handover: Handover, error: UpstreamError): void {
    if (this.#handover !== handover) return handover.next.close()
    this.#handover = undefined
    const canStay = handover.abandon()
    this.#openGate()
    if (!canStay) this.#lost(error)
  }

  #openGate(): void {
    this.#gate?.resolve()
    this.#gate = undefined
  }
}
