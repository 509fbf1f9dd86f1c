import type { BaseLine } from '../../client/base-line.ts'
import { digest } from '../digest.ts'
import { lineFor } from '../line-for.ts'
import { toAddress } from './address.ts'
import { Emitter } from './emitter.ts'
import type { Options } from './options.ts'
import { FaceSocket } from './face-socket.ts'

type Opened = (error?: Error) => void

/** The lines of this page, by their scopes, and who is active on any of them. */
const lines = new Map<string, BaseLine>()
/** Whose connection has ended, as namespaces have told: what the lines themselves say of it comes after that. */
const ended = new Set<BaseLine>()
const sockets = new Set<FaceSocket>()

/** What a tab knows of the connection. */
type Engine = Emitter & { readonly transport: { name: unknown; writable: boolean } }

/** The original's manager, for as much as a tab knows of a connection that is not its own. */
export class FaceManager extends Emitter {
  readonly nsps: { [namespace: string]: FaceSocket } = {}
  readonly uri: string | undefined
  opts: Options
  engine: Engine | undefined
  _autoConnect: boolean
  _readyState: 'opening' | 'open' | 'closed' = 'closed'
  _reconnecting = false
  #skipReconnect = false
  #attempts = 0
  #opened: Opened | undefined
  #pings = 0
  readonly #watched = new Map<BaseLine, () => void>()
  readonly #settings: { [name: string]: unknown }

  constructor(uri?: string | Options, options?: Options) {
    super()
    const opts = Object(uri) === uri ? (uri as Options) : (options ?? {})
    opts.path ??= '/socket.io'
    this.uri = opts === uri ? undefined : (uri as string | undefined)
    this.opts = opts
    this.#settings = {
      reconnection: opts.reconnection !== false,
      reconnectionAttempts: opts.reconnectionAttempts || Infinity,
      reconnectionDelay: opts.reconnectionDelay || 1000,
      reconnectionDelayMax: opts.reconnectionDelayMax || 5000,
      randomizationFactor: opts.randomizationFactor ?? 0.5,
      timeout: opts.timeout ?? 20_000,
    }
    for (const name of Object.keys(this.#settings)) Object.assign(this, { [name]: this.#setting(name) })
    this._autoConnect = opts.autoConnect !== false
    if (this._autoConnect) this.open()
  }

  open(opened?: Opened): this {
    if (this._readyState !== 'closed') return this
    this.#begin()
    this.#skipReconnect = false
    this.#opened = opened
    for (const socket of this.#active()) socket._join()
    for (const line of this.#watched.keys()) this.#look(line)
    return this
  }

  connect(opened?: Opened): this {
    return this.open(opened)
  }

  socket(namespace: string, options?: Options): FaceSocket {
    const known = this.nsps[namespace]
    if (known && this._autoConnect && !known.active) known.connect()
    return known ?? (this.nsps[namespace] = new FaceSocket(this, namespace, options))
  }

  disconnect(): void {
    this.#skipReconnect = true
    this._reconnecting = false
    this._closed('forced close')
  }

  _close(): void {
    this.disconnect()
  }

  /** For a socket: its line, and the server's name there. */
  async _lineFor(socket: FaceSocket, auth: unknown): Promise<readonly [line: BaseLine, server: string]> {
    const { query, extraHeaders, path } = this.opts
    const { server } = toAddress(this.uri, path)
    const scope = socket._options.scope ?? `io:${await digest(JSON.stringify([server, auth, query, extraHeaders]))}`
    let line = lines.get(scope)
    if (!line || line.closed.aborted) {
      const own: BaseLine = lineFor({
        scope,
        credentials: async request =>
          (await import('./credentials.ts')).credentials(
            request,
            [...sockets].filter(({ _line }) => _line === own),
            this.opts,
          ),
      })
      // When all have heard of it.
      own.statusChanges.on(() => queueMicrotask(() => ended.delete(own)))
      lines.set(scope, (line = own))
    }
    sockets.add(socket)
    if (!this.#watched.has(line))
      this.#watched.set(
        line,
        line.statusChanges.on(({ message }) => this.#heard(line, message)),
      )
    this.#look(line)
    return [line, server]
  }

  /** For a socket: with other credentials it is on another line now. */
  _left(line: BaseLine): void {
    if (this.#active().some(({ _line }) => _line === line)) return
    this.#watched.get(line)?.()
    this.#watched.delete(line)
    if (![...sockets].some(({ _line }) => _line === line)) line.close()
  }

  /** For a socket: it is not active any more. */
  _destroyed(socket: FaceSocket): void {
    sockets.delete(socket)
    if (this.#active().length > 0) return
    for (const stop of this.#watched.values()) stop()
    this.#watched.clear()
    this.disconnect()
  }

  /** For a socket: the connection is there. */
  _opened(line?: BaseLine): void {
    if (line) ended.delete(line)
    if (this._readyState === 'open') return
    const attempt = this.#attempts
    const isBack = this._reconnecting
    const opened = this.#opened
    this._readyState = 'open'
    this._reconnecting = false
    this.#attempts = 0
    if (this.engine) this.engine.transport.writable = true
    this.#opened = undefined
    this.emit('open')
    if (isBack) this.emit('reconnect', attempt)
    opened?.()
  }

  /** For a socket: the connection is gone; with `line`, that one alone. */
  _closed(reason: string, description?: unknown, line?: BaseLine): void {
    this.#attempts = 0
    this._readyState = 'closed'
    for (const socket of this.#active())
      if (!line || socket._line === line) {
        socket._closed(reason, description)
        if (!line) socket._leave()
      }
    this.emit('close', reason, description)
    this.#retry()
  }

  /** For a socket: the server's end has come to it on this line. Each namespace has word of it. */
  _ended(line: BaseLine, reason: string, description: unknown): void {
    if (ended.has(line)) return
    ended.add(line)
    this._closed(reason, description, line)
  }

  _pinged(n: number): void {
    if (n === this.#pings) return
    this.#pings = n
    this.emit('ping')
  }

  #begin(): void {
    const name = this.opts.transports?.[0] ?? 'polling'
    this.engine = Object.assign(new Emitter(), { transport: { name, writable: false } })
    this._readyState = 'opening'
  }

  /** The method that gives a setting, or changes it. */
  #setting(name: string): (value: unknown) => unknown {
    return value => {
      if (value === undefined) return this.#settings[name]
      this.#settings[name] = value
      return this
    }
  }

  #active(): FaceSocket[] {
    return Object.values(this.nsps).filter(({ active }) => active)
  }

  /** The broker is who connects again; this tab counts, and stays out of it where the app wants it to. */
  #retry(): void {
    const { reconnection, reconnectionAttempts } = this.#settings
    if (this._reconnecting) return
    if (reconnection && !this.#skipReconnect) {
      if (this.#attempts < (reconnectionAttempts as number)) {
        this._reconnecting = true
        return
      }
      this.#attempts = 0
      this.emit('reconnect_failed')
    }
    this.#rest()
  }

  #rest(): void {
    for (const socket of this.#active()) socket._leave()
  }

  /** What the line is already; where it waits, nobody who connects by hand does. */
  #look(line: BaseLine): void {
    const { status } = line.status
    if (status === 'offline' || status === 'blocked') line.reconnect()
    else queueMicrotask(() => this.#heard(line))
  }

  #failed(error: Error): void {
    const opened = this.#opened
    const isRetry = this._reconnecting
    this._readyState = 'closed'
    this.#opened = undefined
    for (const socket of this.#active()) socket._failed(error)
    this.emit('error', error)
    this._reconnecting = false
    if (opened) this.#rest()
    else this.#retry()
    opened?.(error)
    if (isRetry) this.emit('reconnect_error', error)
  }

  #heard(line: BaseLine, message: string | undefined = line.status.reason): void {
    const { status, degraded } = line.status
    if (ended.has(line) && status !== 'closed') {
      // Whoever connects by hand meanwhile wants another connection than the one that has ended.
      if (status !== 'open' && this._readyState === 'opening') this.#look(line)
    } else if (status === 'open') {
      if (this._readyState === 'opening' || this._reconnecting) this._opened()
      const { engine } = this
      const name = degraded ? 'polling' : 'websocket'
      if (engine && engine.transport.name !== name) {
        engine.transport.name = name
        engine.emit('upgrade', engine.transport)
      }
    } else if (status === 'connecting') {
      if (!this._reconnecting || this._readyState === 'opening') return
      this.emit('reconnect_attempt', ++this.#attempts)
      if (!this.#skipReconnect) this.#begin()
    } else if (status !== 'idle') {
      if (status === 'closed') this.#skipReconnect = true
      if (this._readyState === 'open') this._closed('transport close', undefined, line)
      else if (this._readyState === 'opening')
        this.#failed(Object.assign(new Error(message), { type: 'TransportError' }))
    }
  }
}
