import type { BaseLine } from '../../client/base-line.ts'
import type { Subscription } from '../../client/subscription.ts'
import { sendNow } from '../line-for.ts'
import { Emitter, type Listener } from './emitter.ts'
import type { FaceManager } from './face-manager.ts'
import { encode, type Encoded, type Packet } from './packet.ts'
import type { Options } from './options.ts'
import type { Retrying } from './retrying.ts'
import type { Rooms } from './rooms.ts'

type Auth = object | ((send: (data?: object) => void) => void) | undefined

interface Ack {
  (error?: unknown, ...args: unknown[]): void
  /** It takes an error as its first argument. */
  withError?: boolean
}

export interface Flags {
  readonly compress?: boolean
  readonly volatile?: boolean
  readonly timeout?: number
  readonly fromQueue?: boolean
}

/** With the server, as the worker tells of it. */
interface Session {
  readonly id: string
  readonly recovers?: true | undefined
}

interface Outgoing extends Encoded, Flags {
  readonly id?: number | undefined
  readonly answers?: number
  readonly others?: readonly unknown[] | undefined
}

const RESERVED = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']

/** Over all sockets of the tab: what is acknowledged comes to each of them. */
let lastId = 0

/** One namespace in this tab, with the original's members; what the server has is one for all tabs. */
export class FaceSocket extends Emitter {
  readonly io: FaceManager
  readonly nsp: string
  id: string | undefined
  connected = false
  recovered: boolean | undefined = false
  receiveBuffer: (readonly unknown[])[] = []
  sendBuffer: Packet[] = []
  auth: Auth
  active = false
  /** On which it is, or was last. */
  _line: BaseLine | undefined
  /** The server's name there. */
  _server: string | undefined
  /** What `auth` gave for the connection that is being made. */
  _auth: { readonly data: unknown } | undefined
  readonly _options: Options
  #flags: Flags = {}
  #acks: { [id: number]: Ack } = {}
  /** Loaded where the options ask for them, before the socket is connected. */
  #retrying: Retrying | undefined
  #rooms: Rooms | undefined
  #unqueued: [args: unknown[], flags: Flags][] = []
  readonly #any = this.#family('Any')
  readonly #anyOutgoing = this.#family('AnyOutgoing')
  #channel: Subscription | undefined
  #out: Outgoing[] = []
  #stops: (() => void)[] | undefined
  /** The session with the server that it had, as long as nothing was missed of it. */
  #session: Session | undefined
  /** Something came in it. */
  #hasMoved = false

  constructor(io: FaceManager, nsp: string, options: Options = {}) {
    super()
    this.io = io
    this.nsp = nsp
    this.auth = options.auth
    this._options = { ...options }
    if (io._autoConnect) this.connect()
  }

  get disconnected(): boolean {
    return !this.connected
  }

  connect(): this {
    if (this.connected) return this
    this.active = true
    if (!this.io._reconnecting) this.io.open()
    this._join()
    return this
  }

  open(): this {
    return this.connect()
  }

  disconnect(): this {
    const { connected } = this
    this._flush()
    this.#destroy()
    if (connected) this._closed('io client disconnect')
    return this
  }

  close(): this {
    return this.disconnect()
  }

  send(...args: unknown[]): this {
    return this.emit('message', ...args)
  }

  override emit(event: string, ...args: unknown[]): this {
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`)
    const flags = this.#flags
    const data = [event, ...args]
    if (this._options.retries && !flags.fromQueue && !flags.volatile) {
      this.#flags = {}
      if (this.#retrying) this.#retrying.add(data, flags)
      else this.#unqueued.push([data, flags])
      return this
    }
    const packet: Packet = { type: 2, data, options: { compress: flags.compress !== false } }
    if (typeof data.at(-1) === 'function') {
      packet.id = ++lastId
      this.#await(packet.id, data.pop() as Ack)
    }
    if (flags.volatile && !this.io.engine?.transport.writable) {
      // Dropped.
    } else if (this.connected) this.#send(packet, flags.volatile)
    else this.sendBuffer.push(packet)
    this.#flags = {}
    return this
  }

  emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ack: Ack = (error, value) => (error instanceof Error ? reject(error) : resolve(value))
      ack.withError = true
      this.emit(event, ...args, ack)
    })
  }

  compress(compress: boolean): this {
    return this._flag({ compress })
  }

  get volatile(): this {
    return this._flag({ volatile: true })
  }

  timeout(timeout: number): this {
    return this._flag({ timeout })
  }

  /** For the manager: takes its place on the line. */
  _join(): void {
    if (!this.active || this.#stops) return
    const stops: (() => void)[] = (this.#stops = [])
    const isOver = (): boolean => this.#stops !== stops || stops.length > 0
    const join = async (data: unknown): Promise<void> => {
      if (isOver()) return
      this._auth = { data }
      const [line, server] = await this.io._lineFor(this, data)
      if (isOver()) return
      const before = this._line
      this._line = line
      if (before && before !== line) this.io._left(before)
      this._server = server
      const channel = line.channel({ name: this.nsp, params: { io: server } })
      this.#channel = channel
      stops.push(
        channel.on('state', ({ state, info, error }) => {
          if (state === 'joined') this.#connected(info as Session)
          else if (state === 'joining' && this.connected) this.io._closed('transport close', undefined, line)
          else if (state === 'refused') this.#refused(error?.details ?? error)
        }),
        channel.on('continuity', ({ verdict }) => this.#discontinued(verdict)),
        channel.on('event', ([, event, payload, , rest]) => this.#received(event, payload, rest)),
      )
      const { info } = channel
      if (info) queueMicrotask(() => this.#stops === stops && this.#connected(info as Session))
    }
    // Later, as the original does: what is set right after `io()` counts.
    const failed = (error: unknown): void => {
      if (!isOver()) this.#refused(error)
    }
    this.#load()
      .then(() => this.#stops === stops && this._resolveAuth(data => void join(data).catch(failed)))
      .catch(failed)
  }

  /** For the manager: leaves its place, and stays `active`. */
  _leave(): void {
    const stops = this.#stops
    this.#stops = undefined
    this.#session = undefined
    this.#rooms?.clear()
    for (const stop of stops ?? []) stop()
  }

  _resolveAuth(done: (data: unknown) => void): void {
    if (typeof this.auth === 'function') this.auth(done)
    else done(this.auth)
  }

  /** For the manager: the connection is gone. */
  _closed(reason: string, description?: unknown): void {
    this.connected = false
    this.id = undefined
    this.#out = []
    super.emit('disconnect', reason, description)
    for (const [id, ack] of Object.entries(this.#acks)) {
      if (this.sendBuffer.some(packet => String(packet.id) === id)) continue
      delete this.#acks[Number(id)]
      if (ack.withError) ack.call(this, new Error('socket has been disconnected'))
    }
  }

  /** For the manager: an attempt to connect has failed. */
  _failed(error: Error): void {
    if (!this.connected) super.emit('connect_error', error)
  }

  /** Adds the methods of one of the two families of listeners that hear every event; returns what gives them. */
  #family(name: string): () => Listener[] {
    let listeners: Listener[] = []
    const change =
      (how: (listener: Listener) => unknown) =>
      (listener: Listener): this => {
        how(listener)
        return this
      }
    Object.assign(this, {
      [`on${name}`]: change(listener => listeners.push(listener)),
      [`prepend${name}`]: change(listener => listeners.unshift(listener)),
      [`off${name}`]: change((listener?: Listener) => {
        const index = listener ? listeners.indexOf(listener) : -1
        if (!listener) listeners = []
        else if (index >= 0) listeners.splice(index, 1)
      }),
      [`listeners${name}`]: () => listeners,
    })
    return () => [...listeners]
  }

  async #load(): Promise<void> {
    const { retries, rooms } = this._options
    if (rooms) this.#rooms ??= new (await import('./rooms.ts')).Rooms(this, rooms)
    if (!retries || this.#retrying) return
    this.#retrying = new (await import('./retrying.ts')).Retrying(this, retries)
    for (const queued of this.#unqueued) this.#retrying.add(...queued)
  }

  /** For the next emit. */
  _flag(flags: Flags): this {
    this.#flags = { ...this.#flags, ...flags }
    return this
  }

  #destroy(): void {
    this.active = false
    this._leave()
    this.io._destroyed(this)
  }

  #await(id: number, ack: Ack): void {
    const timeout = this.#flags.timeout ?? this._options.ackTimeout
    if (timeout === undefined) {
      this.#acks[id] = ack
      return
    }
    const timer = setTimeout(() => {
      delete this.#acks[id]
      this.sendBuffer = this.sendBuffer.filter(packet => packet.id !== id)
      ack.call(this, new Error('operation has timed out'))
    }, timeout)
    const timed: Ack = (...args) => {
      clearTimeout(timer)
      ack.apply(this, args)
    }
    timed.withError = true
    this.#acks[id] = timed
  }

  #send({ id, data, options }: Packet, volatile?: boolean): void {
    for (const listener of this.#anyOutgoing()) listener.apply(this, data)
    const [event, ...args] = data as [string, ...unknown[]]
    if (this.#channel && this.#rooms?.heard(event, args[0])) return
    const others = this._options.toOtherTabs?.(event, ...(args as never[]))
    this.#post({ ...encode(data), ...options, id, ...(volatile && { volatile }), others })
  }

  /** What is sent in one tick crosses as one. */
  #post(outgoing: Outgoing): void {
    if (this.#out.push(outgoing) === 1) queueMicrotask(() => this._flush())
  }

  _flush(): void {
    const packets = this.#out
    this.#out = []
    // What could not be sent is what the connection has lost; acknowledgements hear of it with `disconnect`.
    const line = this._line
    const channel = this.#channel?.id
    if (packets.length === 0 || !line || !channel) return
    const payload = { id: this.id, packets }
    sendNow(line, { channel, event: 'emit', payload }, 'safe').catch((error: { code: string }) => {
      if (!/^(not-sent|unconfirmed|line-closed)$/.test(error.code)) reportError(error)
    })
  }

  #received(event: string, payload: unknown, rest?: readonly unknown[]): void {
    if (!Array.isArray(payload)) return this.#told(event, payload as never)
    const args: unknown[] = [event, ...(payload as unknown[])]
    if (rest) args.push(this.#answer(rest[0] as number))
    this.#hasMoved = true
    if (this.connected) this.#emitEvent(args)
    else this.receiveBuffer.push(Object.freeze(args))
  }

  #told(
    event: string,
    told: Session & { id: number & string; args: unknown[]; reason: string; description: unknown; n: number },
  ): void {
    if (event === 'connect') this.#connected(told)
    else if (event === 'ack') this.#acknowledged(told.id, told.args)
    else if (event === 'ping') this.io._pinged(told.n)
    else if (told.reason === 'io client disconnect') this.io._closed(told.reason, told.description, this._line)
    else if (told.reason !== 'io server disconnect')
      this.io._ended(this._line as BaseLine, told.reason, told.description)
    else if (this.connected) {
      this.#destroy()
      this._closed(told.reason)
    }
  }

  #answer(answers: number): (...data: unknown[]) => void {
    let isSent = false
    return (...data) => {
      if (isSent) return
      isSent = true
      this.#post({ ...encode(data), answers })
    }
  }

  #acknowledged(id: number, args: readonly unknown[]): void {
    const ack = this.#acks[id]
    delete this.#acks[id]
    ack?.apply(this, ack.withError ? [null, ...args] : [...args])
  }

  #emitEvent(args: readonly unknown[]): void {
    for (const listener of this.#any()) listener.apply(this, args as unknown[])
    super.emit(...(args as [string]))
  }

  #connected({ id, recovers }: Session): void {
    if (this.connected) return
    this.io._opened(this._line)
    // Not there, as in the original, where the server recovers nothing.
    this.recovered = recovers && id === this.#session?.id
    this.#session = { id, recovers }
    this.id = id
    this._auth = undefined
    this.connected = true
    this.#hasMoved = false
    for (const args of this.receiveBuffer) this.#emitEvent(args)
    this.receiveBuffer = []
    for (const packet of this.sendBuffer) this.#send(packet)
    this.sendBuffer = []
    this.#retrying?.drain(true)
    super.emit('connect')
  }

  #refused(details: unknown): void {
    const { message = 'refused', data } = (details ?? {}) as { message?: string; data?: unknown }
    this.#destroy()
    super.emit('connect_error', Object.assign(new Error(message), { data }))
  }

  /** Events are missing though the session goes on: to the app that is a connection that was lost. */
  #discontinued(verdict: string): void {
    if (verdict === 'recovered') return
    const session = this.#session
    if (!this.connected) this.#session = undefined
    // That of the connection that is new to the app in any case.
    else if (session && (verdict === 'gap' || this.recovered || this.#hasMoved)) {
      this.#session = undefined
      this.io._closed('transport close', undefined, this._line)
      this.#connected(session)
    }
  }
}
