export interface WireDeps {
  opened(): void
  received(data: unknown): void
  /** Once; not after {@link Wire.end}. */
  closed(code: number, reason: string): void
  /** Node's sockets say why, browsers do not. */
  failed(message: string): void
}

const OPEN = 1
const CLOSED = 3

/**
 * The WebSocket that the library is given. What happens on it is told to the transport and not to the library, which
 * would connect again by itself, and throws on frames that make no sense.
 */
export class Wire {
  /** Set by the library, and never called. */
  binaryType = 'arraybuffer'
  onopen: unknown
  onerror: unknown
  onmessage: unknown
  onclose: unknown
  readonly #socket: WebSocket | undefined
  #deps: WireDeps | undefined

  /** @param deps without them it is one that was closed from the beginning */
  constructor(url: string, deps: WireDeps | undefined) {
    this.#deps = deps
    if (deps === undefined) return
    const socket = new WebSocket(url)
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => this.#deps?.opened())
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#deps?.received(data))
    socket.addEventListener('error', event => {
      const { message } = event as { readonly message?: unknown }
      if (typeof message === 'string') this.#deps?.failed(message)
    })
    socket.addEventListener('close', ({ code, reason }) => {
      const { closed } = this.#deps ?? {}
      this.#deps = undefined
      closed?.(code, reason)
    })
  }

  /** Closed from the moment on when nobody listens to it any more, whatever is still on its way. */
  get readyState(): number {
    return this.#deps === undefined ? CLOSED : (this.#socket?.readyState ?? CLOSED)
  }

  get isOpen(): boolean {
    return this.readyState === OPEN
  }

  send(data: string | ArrayBuffer): void {
    this.#socket?.send(data)
  }

  /** By the library, as when a page goes: the transport hears of it as of any end. */
  close(): void {
    this.#socket?.close()
  }

  end(): void {
    this.#deps = undefined
    this.#socket?.close()
  }
}
