import type { Credentials, PresenceChange } from '../../protocol/index.ts'
import { deferred, type Deferred } from '../../lib/index.ts'
import { fromChannelId, PartylineError } from '../../protocol/index.ts'
import {
  toUpstreamError,
  UpstreamError,
  type OpenRequest,
  type TransportLink,
  type TransportSink,
  type UpstreamMessage,
} from '../upstream/transport.ts'
import { userIdIn, type ChannelAnswer } from './pusher-answers.ts'
import { Authoriser } from './pusher-authoriser.ts'
import { channelKind, CONNECTION_CHANNEL, USER_CHANNEL, userChannel, WATCHLIST_CHANNEL } from './pusher-channel-kind.ts'
import { checkClientEvent, encode, isClientEvent, RateWindow } from './pusher-client-events.ts'
import type { PusherClass, SecretBox } from './pusher-client.ts'
import { toClientErrors } from './pusher-close-codes.ts'
import { PusherConnection } from './pusher-connection.ts'
import { EncryptedChannels } from './pusher-encrypted-channels.ts'
import { Greetings, type RawMessage } from './pusher-greetings.ts'
import { readMessage, toPresenceChange, type ServerMessage, type WatchlistChange } from './pusher-messages.ts'
import { serverOf, type PusherOptions } from './pusher-options.ts'
import { isRawId, rawId } from './pusher-raw.ts'
import { Rosters } from './pusher-rosters.ts'
import { Subscriptions } from './pusher-subscriptions.ts'

/** Pusher's limit. */
const CLIENT_EVENTS_PER_SECOND = 10

/** As long as the broker gives a join by default. */
const KEY_TIMEOUT_MS = 10_000
/** Events of one channel that wait for another key; what is more is lost, as is said then. */
const MAX_WAITING = 1_000

/** Wires the parts of the transport; what each message of the server means for the broker stands here. */
export class PusherLink implements TransportLink {
  readonly #options: PusherOptions
  readonly #sink: TransportSink
  readonly #connection: PusherConnection
  readonly #authoriser: Authoriser
  readonly #subscriptions: Subscriptions
  /** Not there in the build without encryption. */
  readonly #encrypted: EncryptedChannels | undefined
  readonly #rosters = new Rosters()
  readonly #greetings = new Greetings()
  /** What came for tabs that have not heard yet that they have joined. */
  readonly #held = new Map<string, RawMessage[]>()
  readonly #rate: RateWindow
  #isOpen = false
  /** Somebody listens to {@link CONNECTION_CHANNEL}. */
  #isWatched = false
  #wantsWatchlist = false
  /** The answer to a sign-in that is under way. */
  #signingIn: Deferred<string> | undefined
  #userId: string | undefined
  /** What the server said when the user was signed in. */
  #signedIn: RawMessage | undefined

  constructor(Client: PusherClass, options: PusherOptions, sink: TransportSink) {
    this.#options = options
    this.#sink = sink
    this.#rate = new RateWindow(options.clientEventsPerSecond ?? CLIENT_EVENTS_PER_SECOND)
    this.#authoriser = new Authoriser(options, request => sink.authorise(request))
    this.#connection = new PusherConnection(Client, {
      options,
      lost: error => this.#lost(error),
      message: message => this.#received(readMessage(message), message as RawMessage),
      unreadable: detail => sink.malformed('not-json', detail),
    })
    this.#subscriptions = new Subscriptions({
      authorise: (channel, signal) => this.#authorise(channel, signal),
      subscribe: (channel, answer) => this.#subscribe(channel, answer),
      unsubscribe: channel => this.#unsubscribe(channel),
    })
    const { secretBox } = this.#connection
    this.#encrypted = secretBox && this.#encryptedChannels(secretBox)
  }

  async open({ credentials, signal }: OpenRequest): Promise<void> {
    this.#authoriser.credentials = credentials
    try {
      await this.#connection.open(signal)
      if (this.#options.userAuthentication !== undefined) this.#userId = await this.#signIn(signal)
      signal.throwIfAborted()
      this.#isOpen = true
    } catch (error) {
      this.#tellClose(toUpstreamError(error), false)
      this.close()
      throw toUpstreamError(error)
    }
  }

  async join(id: string, signal: AbortSignal): Promise<unknown> {
    if (id === CONNECTION_CHANNEL) {
      this.#isWatched = true
      return this.infoOf(id)
    }
    if (isRawId(id)) return this.#joinRaw(id, signal)
    const name = this.#toServer(id)
    if (name === WATCHLIST_CHANNEL) this.#wantsWatchlist = true
    else await this.#subscriptions.join(name, signal, id)
    // It may have been joined before, for a message.
    const state = this.#rosters.stateOf(name)
    if (state !== undefined) this.#sink.presence(id, state)
    return undefined
  }

  /** Resolves with all that the server has said by then, be it in one breath with its confirmation. */
  async #joinRaw(id: string, signal: AbortSignal): Promise<unknown> {
    const messages = [...this.#greetingOf(id)]
    this.#held.set(id, messages)
    try {
      if (id === rawId(USER_CHANNEL)) this.#userId ??= await this.#signInLate(signal)
      const name = this.#toServer(id)
      await this.#subscriptions.join(name, signal, id)
      return { messages, me: this.#memberIdIn(name) }
    } finally {
      this.#held.delete(id)
    }
  }

  #greetingOf(id: string): readonly RawMessage[] {
    const { name } = fromChannelId(id)
    if (name !== USER_CHANNEL) return this.#greetings.of(name)
    return this.#signedIn === undefined ? [] : [this.#signedIn, ...this.#online()]
  }

  infoOf(id: string): unknown {
    if (id === CONNECTION_CHANNEL) return { socketId: this.#connection.socketId, server: serverOf(this.#options) }
    if (!isRawId(id)) return undefined
    return { messages: this.#greetingOf(id), me: this.#memberIdIn(fromChannelId(id).name) }
  }

  leave(id: string): void {
    const { name } = fromChannelId(id)
    if (name === WATCHLIST_CHANNEL) this.#wantsWatchlist = false
    else if (name === CONNECTION_CHANNEL) this.#isWatched = false
    else if (name !== USER_CHANNEL) this.#subscriptions.leave(name, id)
    else if (this.#userId !== undefined) this.#subscriptions.leave(userChannel(this.#userId), id)
  }

  /** To this browser's other tabs, too: Pusher sends a client's event to all connections but its own. */
  publish({ channel, event, payload, origin }: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    if (channel === CONNECTION_CHANNEL) return this.#publishRaw(undefined, event, payload)
    if (isRawId(channel)) return this.#publishRaw(fromChannelId(channel).name, event, payload, origin)
    checkClientEvent(channel, event)
    if (!this.#isOpen) throw new UpstreamError('network', 'the connection is not open')
    const text = encode(channel, event, payload)
    return this.#subscriptions.use(channel, signal, () => {
      this.#rate.take(performance.now())
      this.#connection.send(text)
      this.#echo(channel, event, text, origin)
    })
  }

  /** As it is, and the server is left to say what is wrong with it. */
  #publishRaw(channel: string | undefined, event: string, payload: unknown, origin?: string): Promise<unknown> {
    if (/^pusher:(subscribe|unsubscribe|signin)$/.test(event))
      throw new PartylineError('not-offered', `${event} is the broker's to send: all tabs share what is subscribed`)
    if (!this.#isOpen) throw new UpstreamError('network', 'the connection is not open')
    const text = encode(channel, event, payload)
    this.#connection.send(text)
    const isPassedOn =
      channel !== undefined &&
      isClientEvent(channel, event) &&
      this.#subscriptions.isJoined(channel) &&
      this.#rate.tryTake(performance.now())
    if (isPassedOn) this.#echo(channel, event, text, origin)
    return Promise.resolve()
  }

  #echo(channel: string, event: string, text: string, origin: string | undefined): void {
    const { data } = JSON.parse(text) as { data?: unknown }
    const memberId = this.#memberIdIn(channel)
    this.#event(channel, event, data, memberId === undefined ? undefined : String(memberId), origin)
  }

  renew(credentials: Credentials): void {
    this.#authoriser.credentials = credentials
  }

  close(): void {
    this.#end(new UpstreamError('network', 'the connection was closed'))
    this.#connection.close()
  }

  async #signIn(signal: AbortSignal): Promise<string> {
    const signingIn = deferred<string>()
    const abort = (): void => signingIn.reject(signal.reason)
    this.#signingIn = signingIn
    signal.addEventListener('abort', abort)
    try {
      // The connection may be lost while the app's server is asked.
      const answer = await Promise.race([this.#authoriser.user(this.#connection.socketId, signal), signingIn.promise])
      if (typeof answer !== 'string') this.#send('pusher:signin', { auth: answer.auth, user_data: answer.userData })
      return await signingIn.promise
    } finally {
      this.#signingIn = undefined
      signal.removeEventListener('abort', abort)
    }
  }

  /** On a connection that is open without it: a refusal is one of the channel alone. */
  async #signInLate(signal: AbortSignal): Promise<string> {
    try {
      return await this.#signIn(signal)
    } catch (error) {
      const { kind, message, details } = toUpstreamError(error)
      throw kind === 'credentials' ? new UpstreamError('refused', message, { details }) : error
    }
  }

  async #authorise(channel: string, signal: AbortSignal): Promise<ChannelAnswer | undefined> {
    const kind = channelKind(channel)
    if (kind?.isPrivate !== true) return undefined
    if (kind.isEncrypted && this.#encrypted === undefined)
      throw refused("encrypted channels need the transport of 'partyline/worker/pusher-encrypted'")
    return this.#authoriser.channel(channel, this.#connection.socketId, kind, signal)
  }

  #subscribe(channel: string, answer: ChannelAnswer | undefined): void {
    const { auth = '', channelData, key } = answer ?? {}
    if (key !== undefined && channelKind(channel)?.isEncrypted === true) this.#encrypted?.add(channel, key)
    this.#send('pusher:subscribe', { channel, auth, channel_data: channelData })
  }

  #unsubscribe(channel: string): void {
    this.#encrypted?.remove(channel)
    this.#rosters.forget(channel)
    this.#greetings.forget(channel)
    // While the end of the connection is on its way there is nothing to leave.
    if (this.#connection.isOpen) this.#send('pusher:unsubscribe', { channel })
  }

  #encryptedChannels(secretBox: SecretBox): EncryptedChannels {
    return new EncryptedChannels({
      secretBox,
      renewWithinMs: this.#options.keyTimeoutMs ?? KEY_TIMEOUT_MS,
      maxWaiting: MAX_WAITING,
      renew: (channel, signal) => this.#subscriptions.renew(channel, signal).then(answer => answer?.key),
      event: (channel, event, payload) => this.#event(channel, event, payload),
      unreadable: (channel, event) => this.#unreadable(channel, event),
      missed: (channel, missed) => {
        for (const id of this.#subscriptions.wantedAs(channel)) this.#sink.continuity(id, { verdict: 'gap', missed })
      },
    })
  }

  #received(message: ServerMessage, raw: RawMessage): void {
    switch (message.kind) {
      case 'joined':
        return this.#joined(message, raw)
      case 'join-refused':
        this.#raw(message.channel, raw)
        return this.#subscriptions.refused(message.channel, message.error)
      case 'presence':
        this.#raw(message.channel, raw)
        return this.#presence(message.channel, message.change)
      case 'event':
        return this.#heard(message, raw)
      case 'signed-in':
        this.#signedIn = { event: raw.event, data: raw.data }
        this.#held.get(rawId(USER_CHANNEL))?.push(this.#signedIn)
        return this.#signingIn?.resolve(message.userId)
      case 'watchlist':
        return this.#watched(message.changes, raw)
      case 'error':
        if (this.#isWatched) {
          this.#tellConnection('error', { type: 'PusherError', data: raw.data })
          this.#tellConnection('message', { event: raw.event, data: raw.data })
        }
        return this.#sink.malformed('pusher:error', message.text)
      case 'malformed':
        return this.#sink.malformed(message.what, message.detail)
      case 'housekeeping':
        return
    }
  }

  #joined({ channel, members }: Extract<ServerMessage, { kind: 'joined' }>, raw: RawMessage): void {
    if (!this.#subscriptions.confirmed(channel)) return
    this.#raw(channel, raw)
    if (members !== undefined) this.#presence(channel, { kind: 'state', members })
  }

  #heard({ channel, event, payload, userId }: Extract<ServerMessage, { kind: 'event' }>, raw: RawMessage): void {
    if (isSealed(channel, event)) this.#unseal(channel, event, payload)
    // Nobody has joined it; the broker counts it.
    else if (!this.#subscriptions.has(channel)) this.#sink.event({ channel, event, payload })
    else if (event === raw.event) this.#event(channel, event, payload, userId)
    else {
      this.#raw(channel, raw)
      for (const id of this.#subscriptions.wantedAs(channel))
        if (!isRawId(id)) this.#sink.event({ channel: id, event, payload })
    }
  }

  /** Without a key it goes to nobody, or a server could say what it likes. */
  #unseal(channel: string, event: string, payload: unknown): void {
    if (this.#encrypted?.receive(channel, event, payload) !== true) this.#unreadable(channel, event)
  }

  #unreadable(channel: string, event: string): void {
    this.#sink.malformed('not-decryptable', `${event} of ${channel}`)
  }

  /** The same for tabs that want it as it is, and for others. */
  #event(channel: string, event: string, payload: unknown, userId?: string, except?: string): void {
    this.#greetings.note(channel, { event, data: payload })
    const rest = userId === undefined ? undefined : [{ user_id: userId }]
    for (const id of this.#subscriptions.wantedAs(channel)) {
      const held = this.#held.get(id)
      if (held === undefined) this.#sink.event({ channel: id, event, payload, rest, except })
      else held.push({ event, data: payload, ...rest?.[0] })
    }
  }

  /** For tabs that want what the server says as it is. */
  #raw(channel: string, { event, data }: RawMessage): void {
    this.#greetings.note(channel, { event, data })
    for (const id of this.#subscriptions.wantedAs(channel)) if (isRawId(id)) this.#rawTo(id, { event, data })
  }

  #rawTo(id: string, message: RawMessage): void {
    const { event, data } = message
    const held = this.#held.get(id)
    if (held === undefined) this.#sink.event({ channel: id, event, payload: data })
    else held.push(message)
  }

  #presence(channel: string, change: PresenceChange): void {
    // Nobody has joined it; the broker counts it.
    if (channel !== WATCHLIST_CHANNEL && !this.#subscriptions.has(channel)) return this.#sink.presence(channel, change)
    this.#rosters.note(channel, change)
    const ids =
      channel === WATCHLIST_CHANNEL && this.#wantsWatchlist ? [channel] : this.#subscriptions.wantedAs(channel)
    for (const id of ids) if (!isRawId(id)) this.#sink.presence(id, change)
  }

  #watched(changes: readonly WatchlistChange[], raw: RawMessage): void {
    for (const change of changes) {
      this.#presence(WATCHLIST_CHANNEL, toPresenceChange(change))
      if (this.#wantsWatchlist)
        this.#sink.event({ channel: WATCHLIST_CHANNEL, event: change.name, payload: { user_ids: change.userIds } })
    }
    const id = rawId(USER_CHANNEL)
    const isJoined = this.#userId !== undefined && this.#subscriptions.wantedAs(userChannel(this.#userId)).includes(id)
    if (isJoined || this.#held.has(id)) this.#rawTo(id, { event: raw.event, data: raw.data })
  }

  /** What the server told of the watchlist, for a tab that comes later. */
  #online(): readonly RawMessage[] {
    const state = this.#rosters.stateOf(WATCHLIST_CHANNEL)
    const ids = state?.kind === 'state' ? state.members.map(({ id }) => id) : []
    if (ids.length === 0) return []
    return [{ event: 'pusher_internal:watchlist_events', data: { events: [{ name: 'online', user_ids: ids }] } }]
  }

  /** Who this user is in a presence channel. */
  #memberIdIn(channel: string): string | number | undefined {
    if (channelKind(channel)?.isPresence !== true) return undefined
    return userIdIn(this.#subscriptions.authOf(channel)?.channelData) ?? this.#userId
  }

  /** @throws UpstreamError `refused` for a channel that Pusher cannot have */
  #toServer(id: string): string {
    const { name, params } = fromChannelId(id)
    if (params !== undefined && !isRawId(id))
      throw new UpstreamError('refused', 'channels of Pusher have no parameters')
    if (name === USER_CHANNEL || name === WATCHLIST_CHANNEL) {
      const userId = this.#requireUser(name)
      return name === USER_CHANNEL ? userChannel(userId) : name
    }
    if (channelKind(name) === undefined)
      throw refused(`${name} is no name for a channel: Pusher takes up to 200 letters, digits and _ - = @ , . ;`)
    return name
  }

  #requireUser(channel: string): string {
    if (this.#userId !== undefined) return this.#userId
    throw new UpstreamError('refused', `${channel} needs a user who is signed in: pusher({ userAuthentication })`)
  }

  #send(event: string, data: object): void {
    this.#connection.send(JSON.stringify({ event, data }))
  }

  #lost(error: UpstreamError): void {
    const wasOpen = this.#isOpen
    const isWatched = this.#isWatched
    this.#end(error)
    if (!wasOpen) return
    if (isWatched) this.#tellClose(error, true)
    this.#sink.lost(error)
  }

  /** How the server has ended the connection, or has not taken it: whoever waits for the first one cannot have joined. */
  #tellClose({ details }: UpstreamError, wasOpen: boolean): void {
    const { errors, isEnd } = toClientErrors(details ?? {}, wasOpen)
    for (const error of errors) this.#tellConnection('error', error)
    if (isEnd) this.#tellConnection('end')
  }

  #tellConnection(event: string, payload?: unknown): void {
    this.#sink.event({ channel: CONNECTION_CHANNEL, event, payload })
  }

  /** What the connection had: nothing of it survives. */
  #end(error: UpstreamError): void {
    this.#isOpen = false
    this.#signingIn?.reject(error)
    this.#subscriptions.end(error)
    this.#encrypted?.clear()
    this.#rosters.clear()
    this.#greetings.clear()
    this.#wantsWatchlist = this.#isWatched = false
    this.#userId = undefined
    this.#signedIn = undefined
  }
}

/** Pusher's own events never are. */
function isSealed(channel: string, event: string): boolean {
  return channelKind(channel)?.isEncrypted === true && !event.startsWith('pusher:')
}

/** As a server would tell it, for those who hear that. */
function refused(why: string): UpstreamError {
  return new UpstreamError('refused', why, { details: { error: why } })
}
