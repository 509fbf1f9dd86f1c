import { Manager, type ManagerOptions, type Socket } from 'socket.io-client'
import type { Checkpoint, Credentials } from '../../protocol/index.ts'
import { deferred } from '../../lib/index.ts'
import { describe, fromChannelId, PartylineError } from '../../protocol/index.ts'
import {
  toUpstreamError,
  UpstreamError,
  type BatchedMessage,
  type Capabilities,
  type OpenRequest,
  type Transport,
  type TransportLink,
  type TransportSink,
  type UpstreamMessage,
} from '../upstream/transport.ts'
import { FaceNamespace, toFaceChannel, type FaceChannel } from './socket-io-face.ts'
import { Namespace, parseSession } from './socket-io-namespace.ts'
import { colonNames, toAddress, toChannel, type EventNames } from './socket-io-naming.ts'
import { readAcknowledgement, readArguments, toLossError, toOpenError } from './socket-io-reading.ts'

export { colonNames, type EventNames } from './socket-io-naming.ts'

export interface SocketIoOptions {
  /** The server, without a path; a relative URL counts from the worker's script. */
  readonly url: string
  /** Must be there for the line to be open, and holds every channel that names no namespace. @default '/' */
  readonly namespace?: string
  /**
   * The server's own events for joining and leaving a room: each is sent with the room's name, `join` with
   * an acknowledgement too. Without them a channel needs no joining.
   */
  readonly rooms?: { readonly join: string; readonly leave: string }
  /** How channels' events are named on the wire. @default {@link colonNames}, `channel:event` */
  readonly eventNames?: EventNames
  /** What to send as `auth` in the handshake. @default the tab's credentials without `expiresAt` */
  readonly auth?: (credentials: Credentials | undefined) => { [key: string]: unknown }
  /** @default '/socket.io' */
  readonly path?: string
  /** @default ['polling', 'websocket'], so that it works where sockets are blocked */
  readonly transports?: ManagerOptions['transports']
  /** Sends cookies to another origin. @default false */
  readonly withCredentials?: boolean
  readonly query?: { readonly [key: string]: string }
  readonly extraHeaders?: { readonly [header: string]: string }
  /**
   * Sends with each message an argument more, behind its payload: `{ idempotencyKey }`, by which the server knows a stored
   * message again that it was sent twice, and `{}` with one that is not stored. @default false
   */
  readonly idempotencyKeys?: boolean
  /**
   * The server's own event for several messages at once, which `startBroker({ batch })` needs: it is sent with an array
   * of `{ event, payload, idempotencyKey? }` and acknowledged with an array of what each would be acknowledged with.
   */
  readonly batchEvent?: string
  /** A parser other than the default, such as `socket.io-msgpack-parser`; the server needs the same. */
  readonly parser?: unknown
}

/**
 * The way upstream over Socket.IO 4. Connection state recovery is used where the server has it on.
 *
 * A channel `orders` is the events `orders:…` of the primary namespace; `/chat` is everything in namespace
 * `/chat`, `/chat#lobby` the events `lobby:…` there. An event's first argument is its payload.
 *
 * A url that cannot be right becomes `bad-options` in every tab.
 *
 * @example
 * startBroker({ transport: socketIo({ url: 'https://api.example.com', rooms: { join: 'join', leave: 'leave' } }) })
 */
export function socketIo(options: SocketIoOptions): Transport {
  return {
    name: 'socket.io',
    capabilities: CAPABILITIES,
    create: sink => new SocketIoLink(parseUrl(options.url), options, sink),
  }
}

const CAPABILITIES: Partial<Capabilities> = { acknowledgement: true, recovery: true, binary: true, ping: true }

/**
 * A namespace that was left is not connected again before this time: the server ends the whole connection when it reads
 * both in one go.
 */
const REST_MS = 50

/** One Manager for the broker's life: the sockets keep what they need to resume. */
class SocketIoLink implements TransportLink {
  readonly #url: string
  readonly #options: SocketIoOptions
  readonly #sink: TransportSink
  readonly #manager: Manager
  readonly #primary: string
  readonly #names: EventNames
  readonly #namespaces = new Map<string, Namespace>()
  #credentials: Credentials | undefined
  /** Another broker's, for namespaces that are not connected yet. */
  #resume: Checkpoint = {}
  #isOpen = false
  /** The tabs have `partyline/socket-io`: they alone say which namespaces there are, the primary one too. */
  #isFaced = false
  #pings = 0
  /** Namespaces that were left a moment ago. */
  readonly #resting = new Map<string, Promise<void>>()
  readonly publishBatch?: NonNullable<TransportLink['publishBatch']>

  constructor(url: string, options: SocketIoOptions, sink: TransportSink) {
    const { path, transports, withCredentials, query, extraHeaders, parser, batchEvent } = options
    if (batchEvent !== undefined) this.publishBatch = messages => this.#publishBatch(batchEvent, messages)
    this.#url = url
    this.#options = options
    this.#sink = sink
    this.#primary = options.namespace ?? '/'
    this.#names = options.eventNames ?? colonNames
    this.#manager = new Manager(url, {
      ...(withoutUndefined({
        path,
        transports,
        withCredentials,
        query,
        extraHeaders,
        parser,
      }) as Partial<ManagerOptions>),
      reconnection: false,
      autoConnect: false,
    })
    this.#manager.on('close', (...why) => queueMicrotask(() => this.#closed(...why)))
    this.#manager.on('ping', () => this.#pinged())
  }

  async open({ credentials, signal, resume = {} }: OpenRequest): Promise<void> {
    this.#credentials = credentials
    this.#resume = resume
    const face = credentials?.['face'] as FaceHandshake | undefined
    this.#isFaced = face !== undefined
    try {
      if (face !== undefined) {
        await this.#openFor(face, signal)
        this.#isOpen = true
        return
      }
      const primary = this.#namespace(this.#primary)
      await primary.connected(signal)
      signal.throwIfAborted()
      // One payload of the polling transport can hold both the welcome and the end.
      if (!primary.socket.connected) throw new UpstreamError('server-closed', 'the server ended the connection at once')
      this.#isOpen = true
    } catch (error) {
      this.close()
      throw error
    }
  }

  async join(channel: string, signal: AbortSignal): Promise<unknown> {
    const face = toFaceChannel(channel)
    if (face !== undefined) return this.#joinFace(channel, face, signal)
    if (fromChannelId(channel).params !== undefined)
      throw new UpstreamError('refused', 'channels of Socket.IO have no parameters')
    const { namespace: name, room } = toAddress(channel, this.#primary)
    const own = toChannel({ namespace: name, room }, this.#primary)
    if (own !== channel) throw new UpstreamError('refused', `channel ${channel} is called ${own} here`)
    const namespace = this.#namespace(name)
    namespace.wanted.add(channel)
    await this.#enter(name, namespace, signal)
    const { rooms } = this.#options
    if (room !== '' && rooms !== undefined && !namespace.joined.has(channel))
      readAcknowledgement(await ask(namespace.socket, rooms.join, room))
    if (namespace.wanted.has(channel)) namespace.joined.add(channel)
    return undefined
  }

  leave(channel: string): void {
    const face = toFaceChannel(channel)
    if (face !== undefined) return this.#leaveFace(channel, face)
    const { namespace: name, room } = toAddress(channel, this.#primary)
    const namespace = this.#namespaces.get(name)
    if (namespace?.wanted.delete(channel) !== true) return
    const { rooms } = this.#options
    if (room !== '' && rooms !== undefined) {
      if (namespace.socket.connected) namespace.socket.emit(rooms.leave, room)
      else if (namespace.joined.has(channel)) namespace.toLeave.add(room)
    }
    namespace.joined.delete(channel)
    if (namespace.wanted.size === 0 && name !== this.#primary) this.#drop(name, namespace)
  }

  leavesAtOnce(channel: string): boolean {
    return toFaceChannel(channel) !== undefined
  }

  publish(message: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    const { channel, event, payload, key } = message
    if (toFaceChannel(channel) !== undefined) return this.#sendForFace(message)
    const { name, eventName } = this.#wireName(channel, event)
    const namespace = this.#namespace(name)
    const args = argumentsFor(payload, this.#options.idempotencyKeys === true ? keyed(key) : undefined)
    const send = (): Promise<unknown> => ask(namespace.socket, eventName, ...args).then(readAcknowledgement)
    if (namespace.socket.connected) return send()
    if (name === this.#primary) throw new UpstreamError('network', 'the connection is not open')
    return this.#enter(name, namespace, signal).then(send)
  }

  /** Those of other namespaces than the primary one go by themselves. */
  #publishBatch(batchEvent: string, messages: readonly BatchedMessage[]): readonly Promise<unknown>[] {
    const together = messages.filter(({ channel, event }) => this.#wireName(channel, event).name === this.#primary)
    const replies = together.length === 0 ? Promise.resolve() : this.#askForAll(batchEvent, together)
    return messages.map(async message => {
      const index = together.indexOf(message)
      return index < 0 ? this.publish(message, message.signal) : readAcknowledgement(readReply(await replies, index))
    })
  }

  #askForAll(batchEvent: string, messages: readonly UpstreamMessage[]): Promise<unknown> {
    const { socket } = this.#namespace(this.#primary)
    // It would keep what it is given while it is not connected.
    if (!socket.connected) throw new UpstreamError('network', 'the connection is not open')
    const { idempotencyKeys } = this.#options
    const batch = messages.map(({ channel, event, payload, key }) => ({
      event: this.#wireName(channel, event).eventName,
      payload,
      ...(idempotencyKeys === true ? keyed(key) : {}),
    }))
    return ask(socket, batchEvent, batch)
  }

  #wireName(channel: string, event: string): { readonly name: string; readonly eventName: string } {
    const { namespace: name, room } = toAddress(channel, this.#primary)
    return { name, eventName: room === '' ? event : this.#names.toServer(room, event) }
  }

  /** Other credentials do not help where a namespace does not exist or is not for this user. */
  async #enter(name: string, namespace: Namespace, signal: AbortSignal): Promise<void> {
    try {
      await namespace.connected(signal)
    } catch (error) {
      const { kind, message, details } = toUpstreamError(error)
      throw name !== this.#primary && kind === 'credentials'
        ? new UpstreamError('refused', message, { details })
        : error
    }
  }

  checkpoint(): Checkpoint {
    return Object.fromEntries(
      Array.from(this.#namespaces, ([name, namespace]) => [name, namespace.checkpoint()] as const).flatMap(
        ([name, checkpoint]) => (checkpoint === undefined ? [] : [[name, checkpoint]]),
      ),
    )
  }

  streamOf(channel: string): string {
    const face = toFaceChannel(channel)
    if (face !== undefined) return face.namespace
    return toAddress(channel, this.#primary).namespace
  }

  /** Without a word to the namespaces: the server takes it for a lost connection, and keeps what it may restore. */
  close(): void {
    this.#isOpen = false
    this.#manager._close()
  }

  /** The connection alone, and of the namespaces those that the server may restore. */
  async #openFor({ query, extraHeaders }: FaceHandshake, signal: AbortSignal): Promise<void> {
    const { opts } = this.#manager
    Object.assign(
      opts,
      withoutUndefined({
        query: { ...this.#options.query, ...query },
        extraHeaders: { ...this.#options.extraHeaders, ...extraHeaders },
      }),
    )
    // The library lets go of a connection whose last namespace was refused, and would so in a circle.
    this.#manager._destroy = () => {}
    for (const [name, { session }] of Object.entries(this.#resume))
      for (const channel of parseSession(session)?.joined ?? [])
        if (toFaceChannel(channel)?.leave === undefined) this.#faceOf(name, channel)
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(toUpstreamError(signal.reason)))
      this.#manager.open(error => (error === undefined ? resolve() : reject(toFaceOpenError(error))))
    })
    signal.throwIfAborted()
    this.#sink.degraded(this.#manager.engine.transport.name === 'polling')
    this.#manager.engine.on('upgrade', () => this.#sink.degraded(false))
    const restored = [...this.#namespaces.values()].filter(({ wanted, joined }) => wanted.size + joined.size > 0)
    await Promise.all(
      restored.map(namespace => namespace.connected(signal).catch(error => namespace.fail(toUpstreamError(error)))),
    )
    signal.throwIfAborted()
  }

  async #joinFace(channel: string, { namespace: name, server, leave }: FaceChannel, signal: AbortSignal) {
    if (leave !== undefined) return undefined
    if (server !== this.#server)
      throw toRefusal(`this page's worker connects to ${this.#server}, and io() was called for ${server}`)
    await this.#resting.get(name)
    signal.throwIfAborted()
    const namespace = this.#faceOf(name, channel)
    namespace.wanted.add(channel)
    try {
      await namespace.connected(signal)
    } catch (error) {
      const { kind, message, details } = toUpstreamError(error)
      throw kind === 'network' || kind === 'no-credentials' ? error : toRefusal(message, details)
    }
    if (namespace.wanted.has(channel)) namespace.joined.add(channel)
    return namespace.face?.session(namespace.hasRecovery)
  }

  #leaveFace(channel: string, { namespace: name, leave }: FaceChannel): void {
    const namespace = this.#namespaces.get(name)
    if (namespace === undefined) return
    if (leave !== undefined) return void (namespace.socket.connected && namespace.socket.emit(...leave))
    namespace.wanted.delete(channel)
    namespace.joined.delete(channel)
    if (namespace.wanted.size > 0) return
    this.#drop(name, namespace)
    const rest = new Promise<void>(resolve => setTimeout(resolve, REST_MS)).then(() => void this.#resting.delete(name))
    this.#resting.set(name, rest)
  }

  async #sendForFace(message: UpstreamMessage): Promise<undefined> {
    const name = toFaceChannel(message.channel)?.namespace ?? ''
    const face = this.#namespaces.get(name)?.face
    if (face === undefined) throw new UpstreamError('network', 'the namespace is not connected')
    face.send(message)
    return undefined
  }

  #faceOf(name: string, channel: string): Namespace {
    const namespace = this.#namespace(name)
    namespace.face ??= new FaceNamespace(channel, namespace.socket, this.#sink)
    return namespace
  }

  get #server(): string {
    const { path = '/socket.io' } = this.#options
    return toHttp(this.#url) + path.replace(/\/$/, '')
  }

  /** Asks a tab at each attempt, as the library asks `auth` there. */
  async #sendAuthOfFace(name: string, namespace: Namespace, send: (auth: object) => void): Promise<void> {
    const { auth = identity } = this.#options
    try {
      const { json } = await this.#sink.authorise({ channel: name })
      send(auth(typeof json === 'string' ? (JSON.parse(json) as Credentials) : undefined) as object)
    } catch (error) {
      namespace.fail(toUpstreamError(error))
      namespace.socket.disconnect()
    }
  }

  #pinged(): void {
    this.#pings++
    for (const { face, socket } of this.#namespaces.values()) if (socket.connected) face?.pinged(this.#pings)
  }

  #namespace(name: string): Namespace {
    const known = this.#namespaces.get(name)
    if (known !== undefined) return known
    const auth = this.#options.auth ?? withoutExpiry
    const socket = this.#manager.socket(name, {
      auth: send => {
        // The library has one socket for a name, whoever asks for it again.
        const current = this.#namespaces.get(name)
        if (current?.face === undefined) send(auth(this.#credentials))
        else void this.#sendAuthOfFace(name, current, send)
      },
    })
    const namespace = new Namespace(socket, this.#resume[name])
    this.#namespaces.set(name, namespace)
    socket.on('connect', () => {
      // The library tells of a welcome a moment after it has read it, also when it has let go of the connection meanwhile.
      if (this.#manager._readyState !== 'open') return void socket.disconnect()
      this.#connected(namespace)
      namespace.face?.connected(namespace.hasRecovery)
    })
    // One that was accepted before: the library lets go of it, and of the connection with the last, without a word.
    socket.on('connect_error', () => socket.connected && socket.disconnect())
    socket.on('disconnect', (reason, details) => {
      if (this.#isOpen) namespace.face?.disconnected(reason, details)
      this.#disconnected(name, namespace, toLossError(reason, details))
    })
    socket.onAny((event: unknown, ...args: unknown[]) => this.#received(name, namespace, event, args))
    return namespace
  }

  #drop(name: string, namespace: Namespace): void {
    const { socket } = namespace
    this.#namespaces.delete(name)
    // Whoever waits for it to be connected would wait for what is not to come.
    namespace.fail(new UpstreamError('network', 'the namespace was left'))
    socket.offAny()
    socket.off()
    socket.disconnect()
  }

  /** Before any event of this connection: the library emits events of a restored session ahead of its `connect`. */
  #connected(namespace: Namespace): void {
    if (namespace.greeted) return
    namespace.greeted = true
    const { socket, joined, toLeave } = namespace
    const verdict = socket.recovered ? 'recovered' : 'unknown'
    for (const channel of joined) this.#sink.continuity(channel, { verdict })
    if (!socket.recovered) joined.clear()
    else if (this.#options.rooms !== undefined) for (const room of toLeave) socket.emit(this.#options.rooms.leave, room)
    toLeave.clear()
  }

  /** The library may throw on a packet after it has let go of the connection, and before its sockets hear of it. */
  #closed(...[reason, details]: [reason: string, details?: unknown]): void {
    if (this.#isOpen) for (const { socket } of this.#namespaces.values()) if (socket.connected) socket.disconnect()
    if (!this.#isOpen || !this.#isFaced) return
    this.close()
    this.#sink.lost(toLossError(reason, details))
  }

  #disconnected(name: string, namespace: Namespace, error: UpstreamError): void {
    namespace.greeted = false
    if (!this.#isOpen) return
    if ((name !== this.#primary || this.#isFaced) && this.#manager._readyState === 'open') {
      for (const channel of namespace.wanted)
        this.#sink.channelLost(channel, channel === namespace.face?.channel ? toRefusal(error.message) : error)
      return
    }
    if (name !== this.#primary || this.#isFaced) return
    this.close()
    this.#sink.lost(error)
  }

  #received(name: string, namespace: Namespace, event: unknown, args: readonly unknown[]): void {
    this.#connected(namespace)
    // The library lets numbers through.
    if (typeof event !== 'string') return this.#sink.malformed('event-name', `an event is called ${describe(event)}`)
    namespace.face?.received(event, args, namespace.hasRecovery)
    if (namespace.isFacesOnly) return
    const read = readArguments(args, namespace.hasRecovery)
    const routed = this.#names.fromServer(event, args)
    if (routed !== undefined) {
      const channel = toChannel({ namespace: name, room: routed.channel }, this.#primary)
      this.#sink.event({ channel, event: routed.event, ...read })
    }
    if (routed === undefined || namespace.wanted.has(name)) this.#sink.event({ channel: name, event, ...read })
  }
}

/** What a tab's `io()` says of the connection besides where it goes. */
interface FaceHandshake {
  readonly query?: { readonly [key: string]: string }
  readonly extraHeaders?: { readonly [header: string]: string }
}

/** @throws PartylineError `invalid-payload` at once, when the library cannot send it */
function ask(socket: Socket, event: string, ...args: readonly unknown[]): Promise<unknown> {
  const reply = deferred<unknown>()
  try {
    socket.emit(event, ...args, (value: unknown) => reply.resolve(value))
  } catch (error) {
    throw new PartylineError('invalid-payload', `Socket.IO cannot send ${event}: ${describe(error)}`, { cause: error })
  }
  return reply.promise
}

function argumentsFor(payload: unknown, more: object | undefined): readonly unknown[] {
  if (more !== undefined) return [payload ?? null, more]
  return payload === undefined ? [] : [payload]
}

function keyed(key: string | undefined): { readonly idempotencyKey?: string } {
  return key === undefined ? {} : { idempotencyKey: key }
}

/** @throws UpstreamError when the server has answered with anything else than an array */
function readReply(replies: unknown, index: number): unknown {
  if (Array.isArray(replies) && index < replies.length) return replies[index]
  throw new UpstreamError('network', 'the server acknowledged a batch without saying what became of each message')
}

function withoutExpiry(credentials: Credentials | undefined): { [key: string]: unknown } {
  const { expiresAt: _, ...auth } = credentials ?? {}
  return auth
}

function identity<T>(value: T): T {
  return value
}

function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** Only a network's failure keeps a whole connection from being made: who may come in, namespaces say. */
function toFaceOpenError(error: Error): UpstreamError {
  const { kind, message, retryAfterMs } = toOpenError(error)
  return kind === 'rate-limited' && retryAfterMs !== undefined
    ? new UpstreamError(kind, message, { retryAfterMs })
    : new UpstreamError('network', message)
}

/** What the face makes its `connect_error` of. */
function toRefusal(message: string, data?: unknown): UpstreamError {
  return new UpstreamError('refused', message, { details: { message, data } })
}

function toHttp(origin: string): string {
  return origin.replace(/^ws/, 'http')
}

function parseUrl(url: string): string {
  const base = (globalThis as { location?: { href: string } }).location?.href
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined
  if (parsed === undefined || !/^(https?|wss?):$/.test(parsed.protocol))
    throw new PartylineError(
      'bad-options',
      `socketIo's url is ${JSON.stringify(url)}; expected one such as 'https://api.example.com'`,
    )
  if (parsed.pathname !== '/')
    throw new PartylineError(
      'bad-options',
      `socketIo's url has the path ${parsed.pathname}; a namespace goes into { namespace: '${parsed.pathname}' }, the server's path into { path }`,
    )
  return parsed.origin
}
