import { deferred, type Deferred } from '../../lib/index.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import { toConnectionError } from './supabase-causes.ts'
import { createLibrary, type Library, type OutgoingMessage } from './supabase-client.ts'
import { readFrame, type ServerFrame } from './supabase-frames.ts'
import type { Project } from './supabase-options.ts'
import { Wire, type WireDeps } from './supabase-wire.ts'
import { Heartbeat } from './websocket-heartbeat.ts'

export interface ConnectionDeps {
  readonly project: Project
  readonly heartbeatMs: number
  readonly heartbeatTimeoutMs: number
  /** The open connection is gone; not after `close`. */
  lost(error: UpstreamError): void
  received(frame: ServerFrame): void
}

/** One client of the library for the broker's life, each connection of which is made here and by nobody else. */
export class SupabaseConnection {
  readonly #deps: ConnectionDeps
  readonly #library: Library
  #wire: Wire | undefined
  #opening: Deferred<void> | undefined
  #heartbeat: Heartbeat | undefined
  /** What the socket has said of why it fails. */
  #failure: string | undefined
  #lastRef = 0

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
    const made = (wire: Wire): void => void (this.#wire = wire)
    const depsOfNext = (): WireDeps | undefined => this.#depsOfNext()
    // The library would also connect by itself, as when a page comes back: that is a socket that was never open.
    this.#library = createLibrary(
      deps.project,
      class extends Wire {
        constructor(url: string) {
          const next = depsOfNext()
          super(url, next)
          if (next !== undefined) made(this)
        }
      },
    )
  }

  async open(signal: AbortSignal): Promise<void> {
    const opening = deferred<void>()
    const aborted = (): void => opening.reject(toUpstreamError(signal.reason))
    signal.addEventListener('abort', aborted)
    try {
      signal.throwIfAborted()
      // Of the library's own.
      this.close()
      this.#opening = opening
      this.#library.socketAdapter.getSocket().connect()
      await opening.promise
      this.#watch()
    } catch (error) {
      this.close()
      throw toUpstreamError(error)
    } finally {
      this.#opening = undefined
      signal.removeEventListener('abort', aborted)
    }
  }

  get isOpen(): boolean {
    return this.#wire?.isOpen === true
  }

  /** Of a message: no other of this broker has it. */
  nextRef(): string {
    return String(++this.#lastRef)
  }

  /** @throws UpstreamError when the connection is not open */
  send(message: OutgoingMessage): void {
    if (!this.isOpen) throw new UpstreamError('network', 'the connection is not open')
    this.#library.push(message)
  }

  close(): void {
    this.#heartbeat?.stop()
    this.#heartbeat = undefined
    this.#wire?.end()
    this.#wire = undefined
    this.#library.socketAdapter.getSocket().disconnect()
  }

  #depsOfNext(): WireDeps | undefined {
    if (this.#opening === undefined || this.#wire !== undefined) return undefined
    this.#failure = undefined
    return {
      opened: () => this.#opening?.resolve(),
      received: data => this.#received(data),
      failed: message => void (this.#failure = message),
      closed: (code, reason) => this.#closed(toConnectionError(code, reason, this.#failure)),
    }
  }

  #watch(): void {
    const { heartbeatMs, heartbeatTimeoutMs } = this.#deps
    this.#heartbeat = new Heartbeat({
      pingMs: heartbeatMs,
      pongMs: heartbeatTimeoutMs,
      ping: () => {
        if (this.isOpen) this.send({ topic: 'phoenix', event: 'heartbeat', payload: {}, ref: this.nextRef() })
      },
      dead: () => this.#closed(new UpstreamError('network', 'the server does not answer any more')),
    })
  }

  #received(data: unknown): void {
    this.#heartbeat?.heard()
    const { serializer } = this.#library
    const decode = (raw: unknown): unknown => {
      let decoded: unknown
      serializer.decode(raw, message => void (decoded = message))
      return decoded
    }
    this.#deps.received(readFrame(data, decode))
  }

  #closed(error: UpstreamError): void {
    if (this.#opening !== undefined) return this.#opening.reject(error)
    this.close()
    this.#deps.lost(error)
  }
}
