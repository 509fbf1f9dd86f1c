/** What `partyline/socket-io` asks of this transport: namespaces as the library itself has them. */
import type { Socket } from 'socket.io-client'
import { fromChannelId } from '../../protocol/index.ts'
import { UpstreamError, type TransportSink, type UpstreamMessage } from '../upstream/transport.ts'
import { readArguments } from './socket-io-reading.ts'

/** A channel of the face: all of a namespace, or a tab's stay in a room of it. */
export interface FaceChannel {
  readonly namespace: string
  /** The server and path that the tab's `io()` named. */
  readonly server: string
  /** What tells the server that no tab is in the room any more. */
  readonly leave: readonly [event: string, room: unknown] | undefined
}

/** `undefined` for a channel that is not the face's. */
export function toFaceChannel(channel: string): FaceChannel | undefined {
  const { name, params } = fromChannelId(channel)
  const { io: server, leave } = params ?? {}
  if (typeof server !== 'string') return undefined
  const isRoom = Array.isArray(leave) && typeof leave[0] === 'string'
  return { namespace: name, server, leave: isRoom ? [leave[0] as string, leave[1]] : undefined }
}

/** One packet that a tab has asked to send. Its data is JSON, made as the library would, with bytes beside it. */
interface FacePacket {
  readonly json: string
  readonly bytes: readonly unknown[]
  /** The tab waits for the server's acknowledgement under this number. */
  readonly id?: number
  /** It is the answer to an acknowledgement that the server asked for under this number. */
  readonly answers?: number
  readonly compress?: boolean
  readonly volatile?: boolean
  /** What the other tabs get, as if the server had sent it. */
  readonly others?: readonly [event: string, ...args: unknown[]]
}

/** Acknowledgements that the server waits for and nobody has answered; beyond it the oldest are forgotten. */
const MAX_UNANSWERED = 10_000

/**
 * A namespace for the tabs' faces. Events carry all their arguments as an array; what is no array tells of the
 * namespace itself, so that nothing that a server sends is taken for that.
 */
export class FaceNamespace {
  readonly channel: string
  readonly #socket: Socket
  readonly #sink: TransportSink
  readonly #unanswered = new Map<number, (...args: unknown[]) => void>()
  #lastAsked = 0

  constructor(channel: string, socket: Socket, sink: TransportSink) {
    this.channel = channel
    this.#socket = socket
    this.#sink = sink
  }

  connected(hasRecovery: boolean): void {
    this.#tell('connect', this.session(hasRecovery))
  }

  /** @param hasRecovery the server can carry it on after an interruption */
  session(hasRecovery: boolean): { readonly id: string | undefined; readonly recovers: true | undefined } {
    return { id: this.#socket.id, recovers: hasRecovery || undefined }
  }

  disconnected(reason: string, description: unknown): void {
    this.#unanswered.clear()
    this.#tell('disconnect', { reason, description: describeLoss(description) })
  }

  /** The server's heartbeat with this number. */
  pinged(n: number): void {
    this.#tell('ping', { n })
  }

  received(event: string, args: readonly unknown[], hasRecovery: boolean): void {
    const answer = args.at(-1)
    const isAsked = typeof answer === 'function'
    this.#sink.event({
      channel: this.channel,
      event,
      payload: isAsked ? args.slice(0, -1) : args,
      position: readArguments(args, hasRecovery).position,
      rest: isAsked ? [this.#asked(answer as (...args: unknown[]) => void)] : undefined,
    })
  }

  /** @throws UpstreamError `network` when the tab's session with the server is over */
  send({ payload, origin }: UpstreamMessage): void {
    const { id, packets } = payload as { readonly id?: string; readonly packets: readonly FacePacket[] }
    if (!this.#socket.connected || id !== this.#socket.id)
      throw new UpstreamError('network', 'the namespace is not connected')
    for (const packet of packets) this.#send(packet, origin)
  }

  #send({ json, bytes, id, answers, compress = true, volatile, others }: FacePacket, origin: string | undefined): void {
    const data = JSON.parse(json, (_key, value: unknown) => withBytes(value, bytes)) as unknown[]
    if (answers !== undefined) {
      // The first tab that answers has answered.
      this.#unanswered.get(answers)?.(...data)
      this.#unanswered.delete(answers)
      return
    }
    const [event, ...args] = data as [string, ...unknown[]]
    const socket = this.#socket.compress(compress)
    const flagged = volatile === true ? socket.volatile : socket
    if (id === undefined) flagged.emit(event, ...args)
    else flagged.emit(event, ...args, (...reply: unknown[]) => this.#tell('ack', { id, args: reply }, origin))
    if (others === undefined) return
    const [name, ...rest] = others
    this.#sink.event({ channel: this.channel, event: name, payload: rest, except: origin })
  }

  #asked(answer: (...args: unknown[]) => void): number {
    const [oldest] = this.#unanswered.keys()
    if (oldest !== undefined && this.#unanswered.size >= MAX_UNANSWERED) this.#unanswered.delete(oldest)
    this.#unanswered.set(++this.#lastAsked, answer)
    return this.#lastAsked
  }

  #tell(event: string, payload: object, only?: string): void {
    this.#sink.event({ channel: this.channel, event, payload, only })
  }
}

/** The library's context, an event of the browser's, cannot cross. */
function describeLoss(description: unknown): { readonly description: string } | undefined {
  if (description instanceof Error) return { description: description.message }
  const { description: words } = (description ?? {}) as { description?: unknown }
  return typeof words === 'string' ? { description: words } : undefined
}

function withBytes(value: unknown, bytes: readonly unknown[]): unknown {
  const { _placeholder, num } = (value ?? {}) as { _placeholder?: unknown; num?: number }
  return bytes.length > 0 && _placeholder === true ? bytes[num ?? -1] : value
}
