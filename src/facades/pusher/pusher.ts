import type { BaseLine } from '../../client/base-line.ts'
import type { Credentials, CredentialsRequest } from '../../client/index.ts'
import { digest } from '../digest.ts'
import { lineFor } from '../line-for.ts'
import type { Channel } from './channel.ts'
import { Channels } from './channels.ts'
import { ConnectionManager, type Message } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { endpointsOf, fieldsOf } from './endpoints.ts'
import { log, logFor } from './log.ts'
import type { ClusterOptions, Options } from './types.ts'
import { User } from './user.ts'

/**
 * pusher-js over the connection that all tabs share. What is different stands in docs/migrate-pusher.md.
 *
 * @example
 * const pusher = new Pusher('app-key', { cluster: 'eu' })
 * pusher.subscribe('orders').bind('created', order => render(order))
 */
export class Pusher extends Dispatcher {
  static instances: Pusher[] = []
  static isReady = true

  static log: ((message: string) => void) | undefined
  static logToConsole = false

  static ready(): void {
    Pusher.isReady = true
    for (const pusher of Pusher.instances) pusher.connect()
  }

  key: string
  options: Options
  channels = new Channels()
  /** Hears events of all channels. */
  global_emitter = this
  connection: ConnectionManager
  user: User

  constructor(app_key: string, options: Options) {
    super()
    // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
    if ((app_key ?? null) === null) throw 'You must pass your app key when you instantiate Pusher.'
    // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
    if ((options ?? null) === null) throw 'You must pass an options object'
    // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
    if ((options.cluster ?? null) === null) throw 'Options object must provide a cluster'
    for (const { customHandler, transport } of endpointsOf(options))
      // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
      if (!customHandler && transport !== 'ajax') throw `'${transport}' is not a recognized auth transport`
    logFor(Pusher)
    this.key = app_key
    this.options = options
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
    channel?.unsubscribe()
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

  /** For the connection: the app, and where it is. */
  get server(): string {
    const { cluster, wsHost, wsPort = 80, wssPort = 443 } = this.options
    return `${this.key}@${wsHost || `ws-${cluster}.pusher.com`}:${this.shouldUseTLS() ? wssPort : wsPort}`
  }

  /** For the connection: the line of whoever the options are of now; `known`, where it is that. */
  async openLine(known?: Promise<BaseLine>): Promise<BaseLine> {
    const scope = await this.#scope()
    const line = await known?.catch(() => undefined)
    if (line?.scope === scope && !line.closed.aborted) return line
    line?.close()
    return lineFor({
      scope,
      credentials: async request => {
        if ((await this.#scope()) !== scope) throw new Error('the options are of another user than the connection')
        // `undefined`: another tab is to be asked.
        return this.#authorise(request) as Promise<Credentials>
      },
    })
  }

  /** What tells one user from another, as far as the options show it. */
  async #scope(): Promise<string> {
    if (this.options.scope) return this.options.scope
    const identity = endpointsOf(this.options).map(one => [fieldsOf(one, 'params'), fieldsOf(one, 'headers')])
    return `pusher:${this.server}:${await digest(JSON.stringify(identity))}`
  }

  #heard({ event, channel, data, ...metadata }: Message): void {
    log('log', 'Event recd', { event, channel, data, ...metadata })
    const known = channel && (this.channel(channel) as Channel | undefined)
    if (known) known.handleEvent({ event, data, ...metadata })
    if (!event.startsWith('pusher_internal:')) this.emit(event, data)
  }

  /** Only the tab that has the channel can answer for it. */
  async #authorise({ channel, socketId }: CredentialsRequest): Promise<object | undefined> {
    if (typeof socketId !== 'string') return {}
    if (!(channel ? this.channel(channel) : this.user.signin_requested)) return undefined
    const { authoriseChannel, authenticateUser } = await import('./auth.ts')
    return channel ? authoriseChannel(this, socketId, channel) : authenticateUser(this, socketId)
  }
}
