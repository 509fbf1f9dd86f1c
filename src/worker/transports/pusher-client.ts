/**
 * As much of pusher-js as is used here, with what is private to it or typed as `any` there. Its two builds for workers,
 * with encryption and without, are the same in this.
 */
export type PusherClass = new (key: string, options: object) => PusherClient

export interface PusherClient {
  readonly config: { readonly nacl?: { readonly secretbox: SecretBox } | undefined }
  readonly connection: ConnectionManager
  connect(): void
}

export interface ConnectionManager extends Bindable {
  /** Of the present connection. */
  readonly socket_id: unknown
  /** How a connection is made. Replaced by the library when a server wants TLS. */
  strategy: Strategy
  connect(): void
  /** Aborts the attempt, ends the connection and all timers. */
  disconnect(): void
}

export interface Strategy {
  isSupported(): boolean
  connect(minPriority: number, settle: Settle): unknown
}

/** The library's own strategy: one over the others. */
export interface DefaultStrategy extends Strategy {
  readonly transports: { readonly ws: Strategy; readonly wss: Strategy }
}

export type Settle = (error: unknown, handshake?: Handshake) => void

export interface Handshake {
  /** `connected`, or why not. */
  readonly action: string
  readonly transport: Wire
  /** With `connected`; `id` is the socket's, as the server told. */
  readonly connection?: { readonly id: unknown }
  readonly error?: unknown
}

/** One WebSocket. */
export interface Wire extends Bindable {
  readonly state: string
  /** Gone when the wire is closed. */
  readonly socket?: { send(text: string): void } | undefined
}

export interface SecretBox {
  /** `null` when this is not the key. */
  open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null
}

interface Bindable {
  bind(event: string, listener: (data: unknown) => void): unknown
  /** Without a listener: all of this event. */
  unbind(event: string, listener?: (data: unknown) => void): unknown
}
