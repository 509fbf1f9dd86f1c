import type { Credentials, PresenceChange } from '../../protocol/index.ts'
import { deferred, type Deferred } from '../../lib/index.ts'
import { fromChannelId } from '../../protocol/index.ts'
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
import { channelKind, USER_CHANNEL, userChannel, WATCHLIST_CHANNEL } from './pusher-channel-kind.ts'
import { checkClientEvent, encode, RateWindow } from './pusher-client-events.ts'
import type { PusherClass, SecretBox } from './pusher-client.ts'
import { PusherConnection } from './pusher-connection.ts'
import { EncryptedChannels } from './pusher-encrypted-channels.ts'
import { readMessage, toPresenceChange, type ServerMessage, type WatchlistChange } from './pusher-messages.ts'
import type { PusherOptions } from './pusher-options.ts'
import { Rosters } from './pusher-rosters.ts'
import { Subscriptions } from './pusher-subscriptions.ts'

/** Pusher's limit. */
const CLIENT_EVENTS_PER_SECOND = 10

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
  readonly #rate: RateWindow
  #isOpen = false
  #wantsWatchlist = false
  /** The answer to a sign-in that is under way. */
  #signingIn: Deferred<string> | undefined
  #userId: string | undefined

  constructor(Client: PusherClass, options: PusherOptions, sink: TransportSink) {
    this.#options = options
    this.#sink = sink
    this.#rate = new RateWindow(options.clientEventsPerSecond ?? CLIENT_EVENTS_PER_SECOND)
    this.#authoriser = new Authoriser(options, request => sink.authorise(request))
    this.#connection = new PusherConnection(Client, {
      options,
      lost: error => this.#lost(error),
      message: message => this.#received(readMessage(message)),
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
      this.close()
      throw toUpstreamError(error)
    }
  }

  async join(channel: string, signal: AbortSignal): Promise<void> {
    const name = this.#toServer(channel)
    if (name === WATCHLIST_CHANNEL) this.#wantsWatchlist = true
    else await this.#subscriptions.join(name, signal)
    // It may have been joined before, for a message.
    const state = this.#rosters.stateOf(name)
    if (state !== undefined) this.#sink.presence(channel, state)
  }

  leave(channel: string): void {
    if (channel === WATCHLIST_CHANNEL) this.#wantsWatchlist = false
    else if (channel !== USER_CHANNEL) this.#subscriptions.leave(channel)
    else if (this.#userId !== undefined) this.#subscriptions.leave(userChannel(this.#userId))
  }

  /** To this browser's other tabs, too: Pusher sends a client's event to all connections but its own. */
  publish({ channel, event, payload, origin }: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    checkClientEvent(channel, event)
    if (!this.#isOpen) throw new UpstreamError('network', 'the connection is not open')
    const text = encode(channel, event, payload)
    return this.#subscriptions.use(channel, signal, () => {
      this.#rate.take(performance.now())
      this.#connection.send(text)
      if (!this.#subscriptions.isWanted(channel)) return
      const { data } = JSON.parse(text) as { data?: unknown }
      this.#event(channel, event, data, this.#memberIdIn(channel), origin)
    })
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

  async #authorise(channel: string, signal: AbortSignal): Promise<ChannelAnswer | undefined> {
    const kind = channelKind(channel)
    if (kind?.isPrivate !== true) return undefined
    if (kind.isEncrypted && this.#encrypted === undefined)
      throw new UpstreamError('refused', "encrypted channels need the transport of 'partyline/worker/pusher-encrypted'")
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
    // While the end of the connection is on its way there is nothing to leave.
    if (this.#connection.isOpen) this.#send('pusher:unsubscribe', { channel })
  }

  #encryptedChannels(secretBox: SecretBox): EncryptedChannels {
    return new EncryptedChannels({
      secretBox,
      renew: channel => this.#subscriptions.renew(channel).then(answer => answer?.key),
      event: (channel, event, payload) => this.#event(channel, event, payload),
      unreadable: (channel, event) => {
        this.#sink.malformed('not-decryptable', `${event} of ${channel}`)
        this.#sink.continuity(channel, { verdict: 'gap', missed: 1 })
      },
    })
  }

  #received(message: ServerMessage): void {
    switch (message.kind) {
      case 'joined':
        return this.#joined(message)
      case 'join-refused':
        return this.#subscriptions.refused(message.channel, message.error)
      case 'presence':
        return this.#presence(message.channel, message.change)
      case 'event':
        return this.#heard(message)
      case 'signed-in':
        return this.#signingIn?.resolve(message.userId)
      case 'watchlist':
        return this.#watched(message.changes)
      case 'error':
        return this.#sink.malformed('pusher:error', message.text)
      case 'malformed':
        return this.#sink.malformed(message.what, message.detail)
      case 'housekeeping':
        return
    }
  }

  #joined({ channel, members }: Extract<ServerMessage, { kind: 'joined' }>): void {
    if (this.#subscriptions.confirmed(channel) && members !== undefined)
      this.#presence(channel, { kind: 'state', members })
  }

  /** Pusher's own events are never encrypted. */
  #heard({ channel, event, payload, userId }: Extract<ServerMessage, { kind: 'event' }>): void {
    if (channelKind(channel)?.isEncrypted === true && !event.startsWith('pusher:'))
      this.#encrypted?.receive(channel, event, payload)
    else this.#event(this.#fromServer(channel), event, payload, userId)
  }

  #event(channel: string, event: string, payload: unknown, userId?: string, except?: string): void {
    const rest = userId === undefined ? undefined : [{ user_id: userId }]
    this.#sink.event({ channel, event, payload, rest, except })
  }

  #presence(channel: string, change: PresenceChange): void {
    if (channel !== WATCHLIST_CHANNEL && !this.#subscriptions.has(channel)) return
    this.#rosters.note(channel, change)
    if (this.#isWanted(channel)) this.#sink.presence(channel, change)
  }

  #isWanted(channel: string): boolean {
    return channel === WATCHLIST_CHANNEL ? this.#wantsWatchlist : this.#subscriptions.isWanted(channel)
  }

  #watched(changes: readonly WatchlistChange[]): void {
    for (const change of changes) {
      this.#presence(WATCHLIST_CHANNEL, toPresenceChange(change))
      if (this.#wantsWatchlist) this.#event(WATCHLIST_CHANNEL, change.name, { user_ids: change.userIds })
    }
  }

  /** Who this user is in a presence channel. */
  #memberIdIn(channel: string): string | undefined {
    if (channelKind(channel)?.isPresence !== true) return undefined
    return userIdIn(this.#subscriptions.authOf(channel)?.channelData) ?? this.#userId
  }

  /** @throws UpstreamError `refused` for a channel that Pusher cannot have */
  #toServer(id: string): string {
    const { name, params } = fromChannelId(id)
    if (params !== undefined) throw new UpstreamError('refused', 'channels of Pusher have no parameters')
    if (name === USER_CHANNEL || name === WATCHLIST_CHANNEL) {
      const userId = this.#requireUser(name)
      return name === USER_CHANNEL ? userChannel(userId) : name
    }
    if (channelKind(name) === undefined)
      throw new UpstreamError(
        'refused',
        `${name} is no name for a channel: Pusher takes letters, digits and _ - = @ , . ;`,
      )
    return name
  }

  #fromServer(channel: string): string {
    return this.#userId !== undefined && channel === userChannel(this.#userId) ? USER_CHANNEL : channel
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
    this.#end(error)
    if (wasOpen) this.#sink.lost(error)
  }

  /** What the connection had: nothing of it survives. */
  #end(error: UpstreamError): void {
    this.#isOpen = false
    this.#signingIn?.reject(error)
    this.#subscriptions.end(error)
    this.#encrypted?.clear()
    this.#rosters.clear()
    this.#wantsWatchlist = false
    this.#userId = undefined
  }
}
