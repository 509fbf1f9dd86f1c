import type { Socket } from 'socket.io-client'
import type { Checkpoint } from '../../protocol/index.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import type { FaceNamespace } from './socket-io-face.ts'
import { toLossError, toOpenError } from './socket-io-reading.ts'

/** One namespace's socket and the channels in it. */
export class Namespace {
  readonly socket: Socket
  /** Channels that the broker wants. */
  readonly wanted = new Set<string>()
  /** Of these, the ones that the server knows in its present (or recoverable) session. */
  readonly joined = new Set<string>()
  /** Rooms to leave if the server restores the session. */
  readonly toLeave = new Set<string>()
  /** What became of the time away was told for the present connection. */
  greeted = false
  /** For tabs that have it as the library does. */
  face: FaceNamespace | undefined
  /** Why it could not be connected, for whoever asks next. */
  #failure: UpstreamError | undefined
  #failed = (): void => {}

  constructor(socket: Socket, resume: Checkpoint[string] | undefined) {
    this.socket = socket
    // The library keeps what came before a welcome also where none follows; the server restores it all anew.
    const forget = (): void => void (socket.receiveBuffer = [])
    socket.on('disconnect', forget)
    socket.on('connect_error', forget)
    const session = resume && parseSession(resume.session)
    if (session === undefined) return
    this.#recovery._pid = session.pid
    this.#recovery._lastOffset = resume?.position
    for (const channel of session.joined) this.joined.add(channel)
  }

  /** No tab wants it otherwise than as the library has it. */
  get isFacesOnly(): boolean {
    return (
      this.face !== undefined && this.wanted.size <= 1 && [...this.wanted].every(name => name === this.face?.channel)
    )
  }

  /** The server gave a private session id, which it does when connection state recovery is on. */
  get hasRecovery(): boolean {
    return this.#recovery._pid !== undefined
  }

  checkpoint(): Checkpoint[string] | undefined {
    const { _pid: pid, _lastOffset: position } = this.#recovery
    if (pid === undefined) return undefined
    const session: StoredSession = { pid, joined: [...this.joined] }
    return { session: JSON.stringify(session), position }
  }

  /** The library keeps them private, and needs them to ask for its session back. */
  get #recovery(): { _pid?: string | undefined; _lastOffset?: string | undefined } {
    return this.socket as unknown as { _pid?: string; _lastOffset?: string }
  }

  /** Resolves when the namespace is connected, connecting it if need be. */
  async connected(signal: AbortSignal): Promise<void> {
    const { socket } = this
    if (socket.connected) return
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
    // What it has is of the last connection, told after its end.
    if (socket.io._readyState === 'closed') socket.receiveBuffer = []
    await new Promise<void>((resolve, reject) => {
      const settle = (finish: () => void): void => {
        socket.off('connect', opened)
        socket.off('connect_error', failed)
        socket.off('disconnect', ended)
        signal.removeEventListener('abort', aborted)
        this.#failed = () => {}
        finish()
      }
      const opened = (): void => settle(resolve)
      const failed = (error: Error): void => settle(() => reject(toOpenError(error)))
      // The connection was there, and went before the server's welcome.
      const ended = (...why: Parameters<typeof toLossError>): void => settle(() => reject(toLossError(...why)))
      const aborted = (): void => settle(() => reject(toUpstreamError(signal.reason)))
      socket.on('connect', opened)
      socket.on('connect_error', failed)
      socket.on('disconnect', ended)
      signal.addEventListener('abort', aborted)
      this.#failed = () => {
        const error = this.#failure ?? new UpstreamError('network', 'not connected')
        this.#failure = undefined
        settle(() => reject(error))
      }
      // A socket that was connected before stays `active` and connects with its manager.
      if (socket.active) socket.io.open()
      else socket.connect()
    })
  }

  /** It cannot be connected: whoever waits for it hears why, or who asks next. */
  fail(error: UpstreamError): void {
    this.#failure = error
    this.#failed()
  }
}

/** What a checkpoint tells of a namespace's session at the server. */
interface StoredSession {
  readonly pid: string
  /** Channels that the server has joined in it. */
  readonly joined: readonly string[]
}

/** `undefined` for what was not written here. */
export function parseSession(text: string): StoredSession | undefined {
  try {
    const { pid, joined } = JSON.parse(text) as { pid?: unknown; joined?: unknown }
    return typeof pid === 'string' && isTexts(joined) ? { pid, joined } : undefined
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(entry => typeof entry === 'string')
}
