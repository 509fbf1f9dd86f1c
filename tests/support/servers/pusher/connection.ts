import type { WebSocket } from 'ws'
import type { ServerMessage } from './messages.ts'
import type { User } from './users.ts'

export interface ConnectionTimes {
  /** After this long without a word from the client it is pinged. */
  readonly activityTimeoutMs: number
  /** How long it then has to answer. */
  readonly pongTimeoutMs: number
}

/** One client's connection: what goes out on it, whether it lives, how it ends. */
export class Connection {
  readonly socketId: string
  /** Names of the channels that it has joined. */
  readonly channels = new Set<string>()
  user: User | undefined
  readonly #socket: WebSocket
  readonly #times: ConnectionTimes
  #isSilent = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, socketId: string, times: ConnectionTimes) {
    this.#socket = socket
    this.socketId = socketId
    this.#times = times
    socket.on('message', () => this.#awaitActivity())
    socket.on('ping', () => this.#awaitActivity())
    socket.on('close', () => clearTimeout(this.#timer))
    this.#awaitActivity()
  }

  send(message: ServerMessage): void {
    this.sendRaw(JSON.stringify(message))
  }

  sendRaw(frame: string | Uint8Array): void {
    if (!this.#isSilent) this.#socket.send(frame)
  }

  /** An error that does not end the connection. Those of no kind have no code. */
  sendError(code: number | null, message: string): void {
    this.send({ event: 'pusher:error', data: { code, message } })
  }

  end(code: number, reason: string): void {
    if (!this.#isSilent) this.#socket.close(code, reason)
  }

  /** Half-open from here on: nothing is read or written any more, not even the other side's end. */
  silence(): void {
    this.#isSilent = true
    clearTimeout(this.#timer)
    this.#socket.pause()
  }

  #awaitActivity(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ping(), this.#times.activityTimeoutMs)
  }

  #ping(): void {
    this.send({ event: 'pusher:ping', data: '{}' })
    this.#timer = setTimeout(() => this.end(4201, 'Pong reply not received in time'), this.#times.pongTimeoutMs)
  }
}
