/* oxlint-disable typescript/no-explicit-any, typescript/no-unnecessary-type-parameters -- as in the library: payloads are the app's */
import type { BaseLine } from '../../client/base-line.ts'
import type { ChannelStateChange, Member, PartylineError } from '../../client/index.ts'
import { membersAfter } from '../../client/members-after.ts'
import type { Subscription } from '../../client/subscription.ts'
import type { PresenceChange } from '../../protocol/index.ts'
import { sendNow } from '../line-for.ts'
import { httpEndpointURL } from './addresses.ts'
import type { ChannelClient } from './channel-client.ts'
import { RealtimePresence } from './presence.ts'
import { socketClosed } from './socket-closed.ts'
import type {
  ChannelState,
  On,
  RealtimeBroadcastPersist,
  RealtimeChannelOptions,
  RealtimePresenceState,
  SendArgs,
  SendResponse,
  SubscribeStatus,
} from './types.ts'

interface Binding {
  readonly type: string
  readonly filter: { [key: string]: any }
  readonly callback: (payload: any) => void
}

type Tell = (status: any, error?: Error) => void

const RETRY_MS = [1_000, 2_000, 5_000]
/** The server may take so long to say whether row changes flow. */
const ROWS_MS = 60_000

export class RealtimeChannel {
  readonly topic: string
  readonly subTopic: string
  readonly params: RealtimeChannelOptions
  readonly socket: ChannelClient
  readonly broadcastEndpointURL: string
  readonly private: boolean
  readonly presence = new RealtimePresence()
  bindings: Record<string, Binding[]> = {}
  state: ChannelState = 'closed'
  joinedOnce = false
  #tell: Tell | undefined
  #joinTimeout = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #tries = 0
  /** What waits for the join. */
  #pushes: (() => void)[] = []
  #line: BaseLine | undefined
  #channel: Subscription | undefined
  #members: readonly Member[] = []
  #isTracked = false
  /** It was told who is there, and the app was not. */
  #hasPresence = false
  #entered = new AbortController()
  /** It will be told that nobody knows what was missed: as CHANNEL_ERROR the app knows already. */
  #isInterrupted = false

  constructor(topic: string, params: RealtimeChannelOptions = { config: {} }, socket: ChannelClient) {
    this.topic = topic
    this.subTopic = topic.replace(/^realtime:/i, '')
    this.params = params
    this.socket = socket
    params.config = {
      broadcast: { ack: false, self: false },
      presence: { key: '', enabled: false },
      private: false,
      ...params.config,
    }
    this.broadcastEndpointURL = httpEndpointURL(socket.endpointURL())
    this.private = params.config.private || false
    if (!this.private && params.config.broadcast?.replay)
      throw new Error(`tried to use replay on public channel '${topic}'. It must be a private channel.`)
  }

  get timeout(): number {
    return this.socket.timeout
  }

  readonly on: On<RealtimeChannel> = (type: string, filter: Binding['filter'], callback: Binding['callback']) => {
    if (this.#isWanted && (type === 'presence' || type === 'postgres_changes')) {
      const problem = `cannot add \`${type}\` callbacks for ${this.topic} after \`subscribe()\`.`
      this.socket.log('channel', problem)
      throw new Error(problem)
    }
    return this.#bind({ type, filter, callback })
  }

  /** @param callback its status may be the library's enumeration */
  subscribe<Status extends string = SubscribeStatus>(
    callback?: (status: Status, error?: Error) => void,
    timeout: number = this.timeout,
  ): RealtimeChannel {
    const { socket } = this
    if (!socket.isConnected()) socket.connect()
    if (this.state !== 'closed') return this
    if (this.joinedOnce)
      throw new Error("tried to join multiple times. 'join' can only be called a single time per channel instance")
    this.joinedOnce = true
    this.#tell = callback as Tell | undefined
    this.#joinTimeout = timeout
    this.#begin()
    if (socket.line) this.enter(socket.line)
    return this
  }

  async unsubscribe(_timeout?: number): Promise<SendResponse> {
    this.#close()
    return 'ok'
  }

  teardown(): void {
    this.#leave()
    this.#become('closed')
    this.#tell = undefined
    this.#pushes = []
  }

  presenceState<T extends { [key: string]: any } = {}>(): RealtimePresenceState<T> {
    return this.presence.state as RealtimePresenceState<T>
  }

  track(payload: { [key: string]: any }, opts: { [key: string]: any } = {}): Promise<SendResponse> {
    return this.send({ type: 'presence', event: 'track', payload }, opts)
  }

  untrack(opts: { [key: string]: any } = {}): Promise<SendResponse> {
    return this.send({ type: 'presence', event: 'untrack' }, opts)
  }

  async send(args: SendArgs, { timeout }: { [key: string]: any } = {}): Promise<SendResponse> {
    const timeoutMs: number = timeout || this.timeout
    const isBroadcast = args.type === 'broadcast'
    const { event, payload } = args
    // As JSON carries it now; bytes as they are.
    const carried: unknown = payload instanceof ArrayBuffer ? payload : payload && JSON.parse(JSON.stringify(payload))
    if (isBroadcast && ((args.persist && !this.private) || this.state !== 'joined' || !this.socket.isConnected())) {
      const http = await import('./http.ts')
      return http.sendByHttp(this, { ...args, payload: carried }, timeoutMs)
    }
    if (!this.joinedOnce)
      throw new Error(
        `tried to push '${args.type}' to '${this.topic}' before joining. Use channel.subscribe() before pushing events`,
      )
    const message = { ...args, payload: carried ?? {} }
    if (isBroadcast && !this.params.config.broadcast?.ack) {
      this.#send('broadcast', message, timeoutMs, 'safe').catch((error: PartylineError) => {
        // With the line goes what was still to be sent, as the app has asked.
        if (error.code !== 'line-closed') reportError(error)
      })
      return 'ok'
    }
    return this.#whenJoined(timeoutMs, () => {
      if (!isBroadcast) {
        this.#isTracked = event === 'track'
        this.#channel?.track(this.#isTracked ? message.payload : undefined)
      }
      return this.#send(args.type, isBroadcast ? message : undefined, timeoutMs, 'acknowledged')
    })
  }

  async httpSend(
    event: string,
    payload: any,
    { timeout, persist }: { timeout?: number; persist?: RealtimeBroadcastPersist } = {},
  ): Promise<{ success: true } | { success: false; status: number; error: string }> {
    const isBinary = payload instanceof ArrayBuffer || ArrayBuffer.isView(payload)
    // As it is now.
    const body = isBinary ? (payload as ArrayBuffer) : (JSON.stringify(payload ?? undefined) as string | undefined)
    const http = await import('./http.ts')
    return http.httpSend(this, event, body, persist, timeout ?? this.timeout)
  }

  copyBindings(other: RealtimeChannel): void {
    if (this.joinedOnce) throw new Error('cannot copy bindings into joined channel')
    for (const binding of Object.values(other.bindings).flat()) this.#bind(binding)
  }

  /** For the client: there is a line, or another one. */
  enter(line: BaseLine): void {
    if (!this.joinedOnce || this.state === 'closed') return
    this.#leave()
    this.#begin()
    this.#isInterrupted = false
    const { broadcast, presence, private: isPrivate, postgres_changes_options: rows } = this.params.config
    const options = { signal: (this.#entered = new AbortController()).signal }
    const seesPresence = !!this.bindings['presence'] || presence?.enabled === true
    const params = {
      face: this.socket.address,
      broadcast,
      presence: { ...presence, enabled: seesPresence },
      private: isPrivate,
      changes: this.bindings['postgres_changes']?.map(({ filter }) => filter),
      waits: rows?.wait,
    }
    const channel = line.channel({ name: this.subTopic, params })
    this.#line = line
    this.#channel = channel
    this.#members = []
    channel.on('state', change => this.#stood(change), options)
    channel.on(
      'continuity',
      ({ verdict }) => {
        // Others' wishes have interrupted it: as after a lost connection, the app has to look anew.
        if (verdict !== 'recovered' && !this.#isInterrupted) this.#say('SUBSCRIBED')
        this.#isInterrupted = false
      },
      options,
    )
    channel.on(
      'event',
      ([, event, payload]: readonly [number, string, any, ...unknown[]]) => {
        if (event === 'postgres_changes') this.#trigger(event, payload.row, (_, place) => payload.of.includes(place))
        else this.#trigger(event, payload)
      },
      options,
    )
    if (!seesPresence) return
    const changed = (change: PresenceChange): void => {
      this.#members = membersAfter(this.#members, change)
      this.#sync()
    }
    channel.on('presence', changed, options)
  }

  /** For the client: the line is open again. */
  reopened(line: BaseLine): void {
    if (this.state !== 'errored') return
    if (this.#channel) this.#begin()
    else this.enter(line)
  }

  /** For the client: the connection is gone. */
  lost(error: Error): void {
    if (!this.#isWanted) return
    this.#become('errored')
    this.#say('CHANNEL_ERROR', error)
  }

  /** A callback that throws must not keep the others from hearing. */
  #say(...[status, error]: Parameters<Tell>): void {
    try {
      this.#tell?.(status, error)
    } catch (thrown) {
      reportError(thrown)
    }
  }

  get #isWanted(): boolean {
    return this.state === 'joined' || this.state === 'joining'
  }

  #bind({ type, filter, callback }: Binding): this {
    const all = (this.bindings[type] ??= [])
    const built =
      typeof filter?.['filter']?.build === 'function' ? { ...filter, filter: filter['filter'].build() } : filter
    if (type === 'postgres_changes' && all.some(one => sameChange(one.filter) === sameChange(built)))
      this.socket.log('error', `duplicate \`postgres_changes\` binding for ${this.topic} ignored`, filter)
    else all.push({ type, filter: built, callback })
    return this
  }

  #begin(): void {
    this.#become('joining')
    this.#timer = setTimeout(() => {
      this.#leave()
      this.#retryLater()
      this.#say('TIMED_OUT')
    }, this.#joinTimeout)
  }

  #become(state: ChannelState): void {
    clearTimeout(this.#timer)
    this.state = state
  }

  #stood({ state, error }: ChannelStateChange): void {
    if (state === 'joined') this.#joined()
    else if (state === 'refused') this.#refused(error as PartylineError)
    else if (this.state === 'joined') {
      this.#isInterrupted = true
      this.lost(socketClosed())
    }
  }

  #joined(): void {
    this.#become('joined')
    this.#tries = 0
    for (const push of this.#pushes.splice(0)) push()
    this.#say('SUBSCRIBED')
    const entered = this.#entered
    // Whoever was told may have left.
    if (this.#channel && this.bindings['postgres_changes'])
      this.#send('system', undefined, ROWS_MS, 'acknowledged').then(
        payload => entered.signal.aborted || this.#trigger('system', payload),
        () => {},
      )
    if (this.#hasPresence) this.#sync()
  }

  #refused(error: PartylineError): void {
    const details = error.details as { isFinal?: boolean } | undefined
    if (details?.isFinal) return this.#close()
    // It was joined, and has crashed.
    if (details?.isFinal === false) this.#isInterrupted = true
    this.#retryLater()
    this.#say(
      'CHANNEL_ERROR',
      details?.isFinal === false
        ? new Error('channel error: transport failure', { cause: {} })
        : new Error(details ? Object.values(details).join(', ') : error.message, { cause: details ?? error }),
    )
  }

  #retryLater(): void {
    this.#become('errored')
    this.#timer = setTimeout(
      () => {
        const { line } = this.socket
        const isInterrupted = this.#isInterrupted
        if (line && this.socket.isConnected()) this.enter(line)
        this.#isInterrupted = isInterrupted
      },
      RETRY_MS[this.#tries++] ?? 10_000,
    )
  }

  #close(): void {
    this.#leave()
    this.#become('closed')
    this.socket._remove(this)
    this.#say('CLOSED')
  }

  #leave(): void {
    this.#entered.abort()
    if (this.#isTracked) this.#channel?.track(undefined)
    this.#isTracked = false
    this.#channel = undefined
  }

  /** What was told before SUBSCRIBED waits for it. */
  #sync(): void {
    this.#hasPresence = this.state !== 'joined'
    if (this.state === 'joined') this.presence.become(this.#members, event => this.#trigger('presence', event))
  }

  #trigger(
    type: string,
    payload: any,
    isFor = ({ filter }: Binding, _place: number): boolean =>
      type === 'system' || isEvent(filter['event'], payload.event),
  ): void {
    for (const { callback } of this.bindings[type]?.filter(isFor) ?? []) {
      try {
        callback(payload)
      } catch (error) {
        reportError(error)
      }
    }
  }

  #send(event: string, payload: unknown, timeoutMs: number, until: 'safe' | 'acknowledged'): Promise<unknown> {
    return sendNow(this.#line as BaseLine, { channel: this.#channel?.id as string, event, payload, timeoutMs }, until)
  }

  #whenJoined(timeoutMs: number, push: () => Promise<unknown>): Promise<SendResponse> {
    return new Promise(resolve => {
      const run = (): void => {
        clearTimeout(timer)
        push().then(
          () => resolve('ok'),
          ({ code, details }: PartylineError) =>
            resolve(
              code === 'rejected' ? ((details as { error?: string } | undefined)?.error ?? 'error') : 'timed out',
            ),
        )
      }
      const timer = setTimeout(() => {
        this.#pushes = this.#pushes.filter(one => one !== run)
        resolve('timed out')
      }, timeoutMs)
      if (this.state === 'joined') run()
      else this.#pushes.push(run)
    })
  }
}

/** What the server takes for the same. */
function sameChange(change: Binding['filter']): string {
  return ['event', 'schema', 'table', 'filter', 'select'].map(name => change?.[name]).join('\n')
}

function isEvent(wanted: string | undefined, event: string): boolean {
  return wanted === '*' || wanted?.toLowerCase() === event?.toLowerCase()
}
