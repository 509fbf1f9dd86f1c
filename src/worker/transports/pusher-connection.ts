import { deferred, type Deferred } from '../../lib/index.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import type {
  ConnectionManager,
  DefaultStrategy,
  Handshake,
  PusherClass,
  SecretBox,
  Settle,
  Wire,
} from './pusher-client.ts'
import { TLS_ONLY, toCloseError, type Close } from './pusher-close-codes.ts'
import { toClientOptions, type PusherOptions } from './pusher-options.ts'

export interface ConnectionDeps {
  readonly options: PusherOptions
  /** The open connection is gone; not after `close`. */
  lost(error: UpstreamError): void
  /** A message came, as the library hands it over: JSON, and nothing more is known of it. */
  message(message: unknown): void
  /** What came is not even JSON. */
  unreadable(detail: string): void
}

/**
 * One client of pusher-js for the broker's life, of which the handshake, the pings and the close codes are used. Its own
 * reconnection is switched off, and so is what it does with messages: it trusts them.
 */
export class PusherConnection {
  readonly #deps: ConnectionDeps
  readonly #manager: ConnectionManager
  readonly #attempts: DefaultStrategy['transports']
  /** Decrypts; not there in the build without encryption. */
  readonly secretBox: SecretBox | undefined
  #usesTls: boolean
  #opening: Deferred<void> | undefined
  #wire: Wire | undefined

  constructor(Client: PusherClass, deps: ConnectionDeps) {
    const { options, message } = deps
    /** It would connect when it is made. */
    class IdleClient extends Client {
      override connect(): void {}
    }
    const { connection, config } = new IdleClient(options.key, withoutUndefined(toClientOptions(options)))
    this.#deps = deps
    this.#manager = connection
    this.#attempts = (connection.strategy as DefaultStrategy).transports
    this.#usesTls = options.tls ?? true
    this.secretBox = config.nacl?.secretbox
    connection.unbind('message')
    connection.bind('message', message)
    connection.bind('error', error => this.#erred(error))
    // Every connection that the library would make by itself begins here.
    Object.assign(connection, { retryIn: () => this.#wouldRetry() })
  }

  get isOpen(): boolean {
    return this.#wire?.state === 'open'
  }

  /** Of the open connection. */
  get socketId(): string {
    return String(this.#manager.socket_id)
  }

  async open(signal: AbortSignal): Promise<void> {
    const opening = deferred<void>()
    const aborted = (): void => opening.reject(toUpstreamError(signal.reason))
    this.#opening = opening
    signal.addEventListener('abort', aborted)
    try {
      signal.throwIfAborted()
      this.#manager.strategy = { isSupported: () => true, connect: (_, settle) => this.#attempt(settle) }
      this.#manager.connect()
      await opening.promise
    } catch (error) {
      this.close()
      throw toUpstreamError(error)
    } finally {
      this.#opening = undefined
      signal.removeEventListener('abort', aborted)
    }
  }

  /**
   * At once: the library sends a moment later, and drops what it has not sent when it is closed.
   * @throws UpstreamError when the connection is not open
   */
  send(text: string): void {
    const socket = this.isOpen ? this.#wire?.socket : undefined
    if (socket === undefined) throw new UpstreamError('network', 'the connection is not open')
    socket.send(text)
  }

  close(): void {
    this.#wire = undefined
    this.#manager.disconnect()
  }

  /** One, and its outcome at once: the library's own strategy waits, and tries again and again. */
  #attempt(settle: Settle): unknown {
    const opening = this.#opening
    return this.#attempts[this.#usesTls ? 'wss' : 'ws'].connect(0, (_, handshake) => {
      // Of a server that refuses, the code of its close comes right behind.
      if (handshake === undefined)
        return queueMicrotask(() => opening?.reject(new UpstreamError('network', 'the server cannot be reached')))
      if (handshake.action !== 'connected') return this.#refused(handshake)
      // Private channels are signed for it.
      if (typeof handshake.connection?.id !== 'string')
        return opening?.reject(new UpstreamError('network', 'the server has welcomed without a socket_id'))
      this.#opened(handshake.transport)
      settle(undefined, handshake)
      opening?.resolve()
    })
  }

  #refused({ error }: Handshake): void {
    const close = closeIn(error)
    if (close.code === TLS_ONLY) this.#usesTls = true
    this.#opening?.reject(toCloseError(close))
  }

  #opened(wire: Wire): void {
    this.#wire = wire
    wire.bind('closed', close => {
      if (this.#wire === wire) this.#ended(toCloseError(readClose(close)))
    })
  }

  /** After a close the wire tells why; otherwise a ping was not answered. */
  #wouldRetry(): void {
    if (this.isOpen) this.#ended(new UpstreamError('network', 'the server does not answer any more'))
  }

  #ended(error: UpstreamError): void {
    this.close()
    this.#deps.lost(error)
  }

  #erred(error: unknown): void {
    const { type, data } = (error ?? {}) as { type?: unknown; data?: unknown }
    if (type === 'MessageParseError') this.#deps.unreadable(typeof data === 'string' ? data.slice(0, 200) : 'bytes')
  }
}

function readClose(close: unknown): Close {
  const { code, reason } = (close ?? {}) as { code?: unknown; reason?: unknown }
  return {
    code: typeof code === 'number' ? code : undefined,
    reason: typeof reason === 'string' ? reason : undefined,
  }
}

/** The library wraps the code of a close in an error; it has none for closes that are in order. */
function closeIn(error: unknown): Close {
  const { data } = (error ?? {}) as { data?: unknown }
  const { code, message: reason } = (data ?? {}) as { code?: unknown; message?: unknown }
  return readClose({ code, reason })
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
