import type { Credentials, CredentialsRequest, Line } from '../../client/index.ts'
import { digest } from '../digest.ts'
import { lineFor } from '../line-for.ts'
import { channelAuthorizer, userAuthenticator, visibleIdentity } from './auth.ts'
import type { Channel } from './channel.ts'
import { Channels } from './channels.ts'
import { ConnectionManager, type Message } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { log, logging } from './log.ts'
import type { ChannelAuthorizationHandler, ClusterOptions, Options, UserAuthenticationHandler } from './types.ts'
import { User } from './user.ts'

/**
 * pusher-js over the connection that all tabs share. What is different stands in docs/migrate-pusher.md.
 *
 * @example
 * const pusher = new Pusher('app-key', { cluster: 'eu' })
 * pusher.subscribe('orders').bind('created', order => render(order))
 */
export class Pusher {
  static instances: Pusher[] = []
  static isReady = true

  static get log(): typeof logging.log {
    return logging.log
  }

  static set log(hear) {
    logging.log = hear
  }

  static get logToConsole(): boolean {
    return logging.logToConsole
  }

  static set logToConsole(is) {
    logging.logToConsole = is
  }

  static ready(): void {
    Pusher.isReady = true
    for (const pusher of Pusher.instances) pusher.connect()
  }

  key: string
  options: Options
  config: { channelAuthorizer: ChannelAuthorizationHandler; userAuthenticator: UserAuthenticationHandler }
  channels = new Channels()
  global_emitter = new Dispatcher()
  connection: ConnectionManager
  user: User

  constructor(app_key: string, options: Options) {
    // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
    if ((app_key ?? null) === null) throw 'You must pass your app key when you instantiate Pusher.'
    // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
    if ((options ?? null) === null) throw 'You must pass an options object'
    // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
    if ((options.cluster ?? null) === null) throw 'Options object must provide a cluster'
    this.key = app_key
    this.options = options
    this.config = { channelAuthorizer: channelAuthorizer(this), userAuthenticator: userAuthenticator(options) }
    this.connection = new ConnectionManager(this)
    this.connection.bind('connected', () => this.subscribeAll())
    this.connection.bind('message', (message: Message) => this.#heard(message))
    this.connection.bind('connecting', () => this.channels.disconnect())
    this.connection.bind('disconnected', () => this.channels.disconnect())
    this.connection.bind('error', (error: unknown) => log('warn', error))
    Pusher.instances.push(this)
    this.user = new User(this)
    if (Pusher.isReady) this.connect()
  }

  /** To another app, where the worker connects to that one for the scope of its key and cluster. */
  switchCluster({ appKey, cluster }: ClusterOptions): void {
    this.key = appKey
    this.options = { ...this.options, cluster }
    this.connection.switchCluster()
  }

  channel(name: string): Channel {
    return this.channels.find(name)
  }

  allChannels(): Channel[] {
    return this.channels.all()
  }

  connect(): void {
    this.connection.connect()
  }

  /** In this tab alone. */
  disconnect(): void {
    this.connection.disconnect()
  }

  bind(event_name: string, callback: Function, context?: unknown): this {
    this.global_emitter.bind(event_name, callback, context)
    return this
  }

  unbind(event_name?: string, callback?: Function, context?: unknown): this {
    this.global_emitter.unbind(event_name, callback, context)
    return this
  }

  bind_global(callback: Function): this {
    this.global_emitter.bind_global(callback)
    return this
  }

  unbind_global(callback?: Function): this {
    this.global_emitter.unbind_global(callback)
    return this
  }

  unbind_all(_callback?: Function): this {
    this.global_emitter.unbind_all()
    return this
  }

  subscribeAll(): void {
    for (const { name } of this.allChannels()) this.subscribe(name)
  }

  subscribe(channel_name: string): Channel {
    const channel = this.channels.add(channel_name, this)
    if (channel.subscriptionPending && channel.subscriptionCancelled) channel.reinstateSubscription()
    else if (!channel.subscriptionPending && this.connection.state === 'connected') channel.subscribe()
    return channel
  }

  unsubscribe(channel_name: string): void {
    const channel = this.channel(channel_name) as Channel | undefined
    if (channel?.subscriptionPending) return channel.cancelSubscription()
    this.channels.remove(channel_name)
    if (channel?.subscribed) channel.unsubscribe()
  }

  send_event(event_name: string, data: unknown, channel?: string): boolean {
    return this.connection.send_event(event_name, data, channel)
  }

  shouldUseTLS(): boolean {
    return location.protocol === 'https:' || this.options.forceTLS !== false
  }

  signin(): void {
    this.user.signin()
  }

  /** For the connection. */
  async openLine(): Promise<Line> {
    const { key, options } = this
    const server = `pusher:${key}@${this.#host}`
    return lineFor({
      scope: options.scope ?? `${server}:${await digest(JSON.stringify(visibleIdentity(this)))}`,
      // `undefined`: another tab is to be asked.
      credentials: request => this.#authorise(request) as Promise<Credentials>,
    })
  }

  /** For the connection: why this is not the server that the options name. */
  isOther({ key, host, port }: { key: string; host: string; port: number }): string | undefined {
    const { wsPort = 80, wssPort = 443 } = this.options
    const isSame = key === this.key && host === this.#host && [wsPort, wssPort].includes(port)
    return isSame ? undefined : `the worker connects to ${key} at ${host}:${port}, not to ${this.key} at ${this.#host}`
  }

  get #host(): string {
    return this.options.wsHost || `ws-${this.options.cluster}.pusher.com`
  }

  #heard({ event, channel, data, ...metadata }: Message): void {
    log('log', 'Event recd', { event, channel, data, ...metadata })
    const known = channel && (this.channel(channel) as Channel | undefined)
    if (known) known.handleEvent({ event, data, ...metadata })
    if (!event.startsWith('pusher_internal:')) this.global_emitter.emit(event, data)
  }

  /** Only the tab that has the channel can answer for it. */
  async #authorise({ channel, socketId }: CredentialsRequest): Promise<object | undefined> {
    if (typeof socketId !== 'string') return {}
    const { user, config } = this
    if (channel === undefined)
      return user.signin_requested
        ? new Promise(resolve => config.userAuthenticator({ socketId }, (...given) => resolve(answer(...given))))
        : undefined
    if (!this.channel(channel)) return undefined
    const given = await new Promise<object>(resolve =>
      config.channelAuthorizer({ socketId, channelName: channel }, (...told) => resolve(answer(...told))),
    )
    // Then it is the user who is signed in.
    if (!channel.startsWith('presence-') || 'error' in given || 'channel_data' in given) return given
    await user.signinDonePromise
    return user.user_data ? given : answer({ message: undefined }, null)
  }
}

function answer(error: { message?: string | undefined; status?: number } | null, data: object | null): object {
  if (!error) return data ?? {}
  const { message, status } = error
  const refusal = { type: 'AuthError', error: message, ...(status === undefined ? {} : { status }) }
  return { error: String(message), details: { refusal } }
}
