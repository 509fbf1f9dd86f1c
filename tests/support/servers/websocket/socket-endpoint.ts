import { once } from 'node:events'
import type { Server } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { pack, unpack } from './envelope.ts'
import type { Endpoint } from './endpoint.ts'
import { closeCodes, type ServerMessage } from './messages.ts'
import { Session, type SessionDeps } from './session.ts'

export const subprotocol = 'partyline.v1'

export interface SocketEndpointDeps {
  readonly http: Server
  readonly session: SessionDeps
  /** The WebSocket's own pings; a client that leaves one unanswered until the next is gone. */
  readonly pingIntervalMs: number
  readonly maxMessageBytes: number
  readonly onChange: () => void
}

/** The protocol over WebSockets: a frame for each message. */
export class SocketEndpoint implements Endpoint {
  readonly #server: WebSocketServer
  readonly #connections = new Set<SocketConnection>()

  constructor({ http, session, pingIntervalMs, maxMessageBytes, onChange }: SocketEndpointDeps) {
    this.#server = new WebSocketServer({
      server: http,
      path: '/socket',
      maxPayload: maxMessageBytes,
      handleProtocols: offered => (offered.has(subprotocol) ? subprotocol : false),
    })
    this.#server.on('connection', socket => {
      if (refuse(socket, session)) return
      const connection = new SocketConnection(socket, session, pingIntervalMs)
      this.#connections.add(connection)
      onChange()
      socket.on('close', () => {
        this.#connections.delete(connection)
        onChange()
      })
    })
  }

  get size(): number {
    return this.#connections.size
  }

  closeAll(code: number, reason: string): void {
    for (const connection of this.#connections) connection.close(code, reason)
  }

  sendRaw(frame: string | Uint8Array): void {
    for (const connection of this.#connections) connection.sendRaw(frame)
  }

  silence(): void {
    for (const connection of this.#connections) connection.silence()
  }

  /** Resolves when all connections of now are gone. */
  async gone(): Promise<void> {
    await Promise.all([...this.#server.clients].map(socket => once(socket, 'close')))
  }

  close(): void {
    this.#server.close()
  }
}

/** True for one that is closed at once, because of what it speaks or because there are too many. */
function refuse(socket: WebSocket, { gate }: SessionDeps): boolean {
  // What fails on a connection ends it, too; the end is what counts.
  socket.on('error', () => {})
  const retryAfterMs = gate.retryAfterMs('connections')
  if (socket.protocol !== subprotocol) socket.close(closeCodes.badMessage, `expected the subprotocol ${subprotocol}`)
  else if (retryAfterMs !== undefined) socket.close(closeCodes.rateLimited, JSON.stringify({ retryAfterMs }))
  else return false
  return true
}

class SocketConnection {
  readonly #socket: WebSocket
  readonly #session: Session
  readonly #pings: NodeJS.Timeout
  #isAlive = true
  #isSilent = false

  constructor(socket: WebSocket, deps: SessionDeps, pingIntervalMs: number) {
    this.#socket = socket
    this.#session = new Session({ send: message => this.#send(message), close: this.close }, deps)
    this.#pings = setInterval(() => this.#ping(), pingIntervalMs)
    socket.on('message', (frame, isBinary) => this.#receive(frame as Buffer, isBinary))
    socket.on('pong', () => (this.#isAlive = true))
    socket.on('close', () => {
      clearInterval(this.#pings)
      this.#session.end()
    })
  }

  readonly close = (code: number, reason: string): void => {
    if (!this.#isSilent) this.#socket.close(code, shortened(reason))
  }

  sendRaw(frame: string | Uint8Array): void {
    if (!this.#isSilent) this.#socket.send(frame)
  }

  silence(): void {
    this.#isSilent = true
    clearInterval(this.#pings)
    this.#socket.pause()
  }

  #send(message: ServerMessage): void {
    const payload = 'payload' in message ? message.payload : undefined
    this.sendRaw(payload instanceof Uint8Array ? pack({ ...message, payload }) : JSON.stringify(message))
  }

  #receive(frame: Buffer, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    let message: unknown
    try {
      message = isBinary ? unpack(frame) : JSON.parse(frame.toString())
    } catch (error) {
      return this.close(closeCodes.badMessage, (error as Error).message)
    }
    this.#session.receive(message)
  }

  #ping(): void {
    if (!this.#isAlive) return this.#socket.terminate()
    this.#isAlive = false
    this.#socket.ping()
  }
}

/** A close frame has room for 123 bytes. */
function shortened(reason: string): string {
  return Buffer.from(reason).subarray(0, 120).toString()
}
