/* oxlint-disable typescript/no-explicit-any -- as in the library: payloads are the app's */
import type { BaseLine } from '../../client/base-line.ts'
import type { Credentials } from '../../client/index.ts'
import type { Subscription } from '../../client/subscription.ts'
import { lineFor, sendNow } from '../line-for.ts'
import { httpEndpointURL } from './addresses.ts'
import type { ChannelClient } from './channel-client.ts'
import { RealtimeChannel } from './channel.ts'
import { scopeOf } from './scope.ts'
import { socketClosed } from './socket-closed.ts'
import type { RealtimeChannelOptions, RealtimeClientOptions, SendResponse } from './types.ts'

/** A client as that of `@supabase/realtime-js`; its connection is the one that all tabs share. */
export class RealtimeClient implements ChannelClient {
  channels: RealtimeChannel[] = []
  accessTokenValue: string | null = null
  readonly accessToken: (() => Promise<string | null>) | null
  readonly apiKey: string
  readonly httpEndpoint: string
  readonly timeout: number
  readonly heartbeatIntervalMs: number
  readonly fetch: typeof fetch
  /** Without `/websocket`. */
  readonly address: string
  line: BaseLine | undefined
  readonly #params: { [key: string]: string }
  readonly #options: RealtimeClientOptions
  /** Changes whenever another line is wanted, or none. */
  #turn = 0
  #isWanted = false
  #isClosing = false
  #control: Subscription | undefined
  #authTurn = 0
  #refreshing: ReturnType<typeof setInterval> | undefined
  #emptying: ReturnType<typeof setTimeout> | undefined

  constructor(endPoint: string, options?: RealtimeClientOptions) {
    const { params, accessToken = null, timeout = 10_000, heartbeatIntervalMs = 25_000 } = options ?? {}
    if (!params?.['apikey']) throw new Error('API key is required to connect to Realtime')
    this.#options = options as RealtimeClientOptions
    this.#params = params
    this.apiKey = params['apikey']
    this.accessToken = accessToken
    this.timeout = timeout
    this.heartbeatIntervalMs = heartbeatIntervalMs
    this.address = endPoint
    this.httpEndpoint = httpEndpointURL(endPoint)
    this.fetch = (...args) => (options?.fetch ?? fetch)(...args)
  }

  get endPoint(): string {
    return `${this.address}/websocket`
  }

  endpointURL(): string {
    return `${this.endPoint}?${new URLSearchParams({ ...this.#params, vsn: '2.0.0' })}`
  }

  connect(): void {
    if (this.#isWanted || this.#isClosing) return
    this.#isWanted = true
    void this.#open()
  }

  async disconnect(code = 1005, reason = ''): Promise<'ok'> {
    clearTimeout(this.#emptying)
    if (!this.#isWanted) return 'ok'
    this.#isWanted = false
    this.#isClosing = true
    await Promise.resolve()
    this.#isClosing = false
    this.#lost(socketClosed(code, reason))
    this.#end()
    return 'ok'
  }

  channel(topic: string, params: RealtimeChannelOptions = { config: {} }): RealtimeChannel {
    const name = `realtime:${topic}`
    const known = this.channels.find(channel => channel.topic === name)
    if (known) return known
    const channel = new RealtimeChannel(name, params, this)
    clearTimeout(this.#emptying)
    this.channels.push(channel)
    return channel
  }

  getChannels(): RealtimeChannel[] {
    return this.channels
  }

  async removeChannel(channel: RealtimeChannel): Promise<SendResponse> {
    const status = await channel.unsubscribe()
    if (status === 'ok') channel.teardown()
    return status
  }

  async removeAllChannels(): Promise<SendResponse[]> {
    const results = await Promise.all(this.channels.map(channel => this.removeChannel(channel)))
    await this.disconnect()
    return results
  }

  /** Without a token it is `accessToken` that is asked. */
  async setAuth(token: string | null = null): Promise<void> {
    const turn = ++this.#authTurn
    const next = token || (await this.#ownToken())
    if (turn !== this.#authTurn) return
    if (this.accessTokenValue === next) return
    this.accessTokenValue = next
    await this.#tokenChanged()
  }

  connectionState(): 'connecting' | 'open' | 'closing' | 'closed' {
    if (this.#isClosing) return 'closing'
    if (!this.#isWanted) return 'closed'
    const { status } = this.line?.status ?? { status: 'connecting' }
    return status === 'open' || status === 'connecting' ? status : status === 'idle' ? 'connecting' : 'closed'
  }

  isConnected(): boolean {
    return this.connectionState() === 'open'
  }

  isConnecting(): boolean {
    return this.connectionState() === 'connecting'
  }

  isDisconnecting(): boolean {
    return this.#isClosing
  }

  log(kind: string, msg: string, data?: any): void {
    this.#options.logger?.(kind, msg, data)
  }

  hasLogger(): boolean {
    return !!this.#options.logger
  }

  _remove({ topic }: { readonly topic: string }): void {
    this.channels = this.channels.filter(channel => channel.topic !== topic)
    if (this.channels.length) return
    clearTimeout(this.#emptying)
    const { disconnectOnEmptyChannelsAfterMs = 2 * this.heartbeatIntervalMs } = this.#options
    this.#emptying = setTimeout(() => void this.disconnect(), disconnectOnEmptyChannelsAfterMs)
  }

  async #open(): Promise<void> {
    const turn = ++this.#turn
    try {
      if (this.accessToken) await this.setAuth()
      const [scope, token] = await this.#identity()
      if (turn !== this.#turn) return
      const line = lineFor({ scope, credentials: () => this.#credentials(scope) })
      this.line = line
      line.statusChanges.on(({ status }) => {
        if (line !== this.line) return
        if (status === 'open') for (const channel of this.channels) channel.reopened(line)
        else if (status !== 'connecting' && status !== 'idle') this.#lost(socketClosed())
        // By another tab, for all: whoever subscribes then begins anew.
        if (status === 'closed') void this.disconnect()
      })
      this.#control = line.channel({ name: 'connection', params: { face: this.address, joins: false } })
      // The connection stays without a channel, too.
      this.#control.on('event', () => {})
      this.#tellToken(token)
      this.#refreshing = setInterval(() => void (this.accessToken && this.setAuth()), this.heartbeatIntervalMs)
      for (const channel of this.channels) channel.enter(line)
      if (token !== this.accessTokenValue) await this.#tokenChanged()
    } catch (error) {
      if (turn !== this.#turn) return
      this.#isWanted = false
      this.#lost(error as Error)
    }
  }

  #end(): void {
    this.#turn++
    clearInterval(this.#refreshing)
    const { line } = this
    this.line = undefined
    line?.close()
  }

  #lost(error: Error): void {
    for (const channel of this.channels) channel.lost(error)
  }

  async #ownToken(): Promise<string | null> {
    try {
      if (this.accessToken) return await this.accessToken()
    } catch (error) {
      this.log('error', 'Error fetching access token from callback', error)
    }
    return this.accessTokenValue
  }

  /** Whose line it is, and the token that says so: nobody else's line gets it. */
  async #identity(): Promise<[scope: string, token: string | null]> {
    const token = this.accessTokenValue
    return [this.#options.scope ?? (await scopeOf(this.address, this.apiKey, token)), token]
  }

  /** Of another user it is another line. */
  async #tokenChanged(): Promise<void> {
    const { line } = this
    if (!line) return
    const [scope, token] = await this.#identity()
    // Otherwise whoever has set another sees to it.
    if (line !== this.line || token !== this.accessTokenValue) return
    if (scope === line.scope) return this.#tellToken(token)
    this.#end()
    await this.#open()
  }

  /** A connection that is still to be made gets it anyway. */
  #tellToken(token: string | null): void {
    const { line } = this
    const control = this.#control
    if (token && line && control)
      sendNow(line, { channel: control.id, event: 'access_token', payload: token }, 'safe').catch(() => {})
  }

  /** Asked anew for each connection. */
  async #credentials(wanted: string): Promise<Credentials> {
    if (this.accessToken) await this.setAuth()
    const [scope, token] = await this.#identity()
    if (scope !== wanted) throw new Error('the user has changed')
    return { token, expiresAt: 0 }
  }
}
