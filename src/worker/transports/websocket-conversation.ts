import { deferred, type Deferred } from '../../lib/index.ts'
import { describe, PartylineError, type Continuity, type Credentials } from '../../protocol/index.ts'
import { toUpstreamError, UpstreamError, type UpstreamMessage } from '../upstream/transport.ts'
import type { Carrier, Connect } from './websocket-carrier.ts'
import { causeOf } from './websocket-causes.ts'
import type { Codec, Frame } from './websocket-codec.ts'
import { Heartbeat } from './websocket-heartbeat.ts'
import { readIncoming, toOutgoingChannel, type Read, type ToldChannel } from './websocket-reading.ts'

export interface ConversationOptions {
  readonly codec: Codec
  readonly connect: Connect
  /** Frames are text. */
  readonly textOnly: boolean
  readonly pingMs: number
  readonly pongMs: number
  readonly maxFrameBytes: number
  readonly listener: ConversationListener
}

export interface ConversationListener {
  /** In the order of the server's frames; the answer to a join before its promise is settled. */
  told(message: ToldChannel): void
  malformed(kind: string, detail: string): void
  /** Once for each that was opened, and not after `close`. */
  ended(error: UpstreamError): void
}

interface Asked {
  /** It is the join of this channel. */
  readonly join: string | undefined
  readonly answer: Deferred<unknown>
}

/** One connection, and what is said on it: greeting, questions with their answers, and signs of life. */
export class Conversation {
  readonly #options: ConversationOptions
  readonly #opening = deferred<void>()
  readonly #asked = new Map<number, Asked>()
  #carrier: Carrier | undefined
  #state: 'opening' | 'open' | 'over' = 'opening'
  #heartbeat: Heartbeat | undefined
  #credentials: Credentials | undefined
  #lastId = 0
  #helloId: number | undefined
  #hasStream = false
  #error: UpstreamError | undefined
  /** Whoever waits for {@link idle}. */
  #idle = deferred<void>()

  constructor(options: ConversationOptions) {
    this.#options = options
  }

  /** Why it is over, if it is. */
  get error(): UpstreamError | undefined {
    return this.#error
  }

  /** Resolves when the server has accepted it. Leaves no connection behind when it rejects. */
  async open(credentials: Credentials | undefined, signal: AbortSignal): Promise<void> {
    const abort = (): void => this.#end(toUpstreamError(signal.reason))
    this.#credentials = credentials
    this.#opening.promise.catch(() => {})
    signal.addEventListener('abort', abort)
    try {
      signal.throwIfAborted()
      this.#connect()
      await this.#opening.promise
    } catch (error) {
      this.#end(toUpstreamError(error))
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Tells nothing any more. What was asked and not answered is rejected. Idempotent. */
  close(): void {
    this.#over(new UpstreamError('network', 'the connection was closed'))
  }

  /** @throws UpstreamError where it could not be sent; PartylineError where it cannot be */
  publish({ channel, event, payload, key, origin }: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    const { codec, textOnly } = this.#options
    const id = ++this.#lastId
    this.#send(() => codec.encode({ ...toOutgoingChannel(id, channel), event, payload, key, origin, textOnly }))
    return codec.offers?.acknowledgement === true ? this.#ask(id, signal) : Promise.resolve()
  }

  /** @param after the position of the last event that is known of the channel */
  async join(channel: string, after: string | undefined, signal: AbortSignal): Promise<void> {
    const { codec } = this.#options
    const id = ++this.#lastId
    const { join } = codec
    if (join !== undefined) this.#send(() => join({ ...toOutgoingChannel(id, channel), after }))
    if (join !== undefined && codec.confirmsJoins !== false) return void (await this.#ask(id, signal, channel))
    this.#tell({ type: 'joined', channel })
  }

  /** A join that is under way is answered to nobody. */
  leave(channel: string): void {
    const { leave } = this.#options.codec
    const joining = this.#joinOf(channel)
    if (joining !== undefined) this.#reject(joining, new UpstreamError('network', 'the channel was left'))
    this.#try(leave && (id => leave(toOutgoingChannel(id, channel))))
  }

  async track(channel: string, tab: string, state: unknown): Promise<void> {
    const { codec } = this.#options
    const { track } = codec
    if (track === undefined) throw new PartylineError('not-offered', "this protocol's server knows no states of tabs")
    const id = ++this.#lastId
    this.#send(() => track({ ...toOutgoingChannel(id, channel), tab, state }))
    if (codec.offers?.acknowledgement === true) await this.#ask(id)
  }

  untrack(channel: string, tab: string): void {
    const { untrack } = this.#options.codec
    this.#try(untrack && (id => untrack({ ...toOutgoingChannel(id, channel), tab })))
  }

  renew(credentials: Credentials): void {
    const { renew } = this.#options.codec
    this.#try(renew && (id => renew({ id, credentials })))
  }

  /** Resolves when nothing is asked that was not answered. */
  idle(): Promise<void> {
    return this.#asked.size === 0 ? Promise.resolve() : this.#idle.promise
  }

  #connect(): void {
    const { connect, listener } = this.#options
    this.#carrier = connect({
      opened: () => this.#greet(),
      received: data => this.#received(data),
      closed: error => this.#end(error),
      malformed: (kind, detail) => {
        if (this.#state !== 'over') listener.malformed(kind, detail)
      },
    })
  }

  #greet(): void {
    const { codec } = this.#options
    const id = ++this.#lastId
    try {
      const hello = codec.hello?.({ id, credentials: this.#credentials })
      if (hello !== undefined) this.#helloId = id
      const first = hello ?? codec.ping?.()
      if (first === undefined) this.#opened()
      else this.#send(() => first)
    } catch (error) {
      this.#end(toUpstreamError(error))
    }
  }

  #opened(): void {
    if (this.#state !== 'opening') return
    const { codec, pingMs, pongMs } = this.#options
    const { ping } = codec
    this.#state = 'open'
    if (ping !== undefined)
      this.#heartbeat = new Heartbeat({
        pingMs,
        pongMs,
        ping: () => this.#try(() => ping()),
        dead: () => this.#end(new UpstreamError('network', `the server did not answer a ping within ${pongMs} ms`)),
      })
    this.#opening.resolve()
  }

  #received(data: string | ArrayBuffer): void {
    const { codec, maxFrameBytes, listener } = this.#options
    this.#heartbeat?.heard()
    const bytes = bytesOf(data, maxFrameBytes)
    if (bytes > maxFrameBytes)
      return listener.malformed('too-large', `a frame of ${bytes} bytes; this line takes ${maxFrameBytes}`)
    for (const message of readIncoming(codec, data)) {
      // Any of them may have ended it.
      if (this.#state === 'over') return
      this.#heard(message)
    }
  }

  #heard(message: Read): void {
    switch (message.type) {
      case 'welcome':
        return this.#opened()
      case 'pong':
        return this.#helloId === undefined ? this.#opened() : undefined
      case 'ping':
        return this.#try(this.#options.codec.pong)
      case 'ack':
        return this.#answered(message.id, message)
      case 'refused':
        return this.#refused(message)
      case 'joined':
        return this.#answered(this.#joinOf(message.channel), message)
      case 'error':
        return this.#end(message.error)
      case 'closing':
        return this.#end(causeOf(this.#options.codec, message.code, message.reason))
      case 'stream':
        if (this.#hasStream && !message.resumed)
          return this.#end(new UpstreamError('network', 'the server does not know the session any more'))
        this.#hasStream = true
        return
      case 'malformed':
        return this.#options.listener.malformed(message.kind, message.detail)
      case 'event':
      case 'continuity':
      case 'left':
      case 'presence':
        return this.#tell(message)
    }
  }

  #answered(id: number | undefined, { reply, ...answer }: Answer): void {
    const asked = id === undefined ? undefined : this.#asked.get(id)
    if (id !== undefined && id === this.#helloId) this.#opened()
    if (id === undefined || asked === undefined) return
    const { join } = asked
    if (join !== undefined)
      this.#tell({ type: 'joined', channel: join, position: answer.position, continuity: answer.continuity })
    this.#forget(id)
    asked.answer.resolve(reply)
  }

  #refused(message: Extract<Read, { type: 'refused' }>): void {
    const id = 'id' in message ? message.id : this.#joinOf(message.channel)
    if (id === undefined) return
    // What the server does not take us for.
    if (id === this.#helloId) return this.#end(asCredentials(message.error))
    this.#reject(id, message.error)
  }

  #reject(id: number, error: UpstreamError): void {
    const asked = this.#asked.get(id)
    this.#forget(id)
    asked?.answer.reject(error)
  }

  #joinOf(channel: string): number | undefined {
    return [...this.#asked].find(([, { join }]) => join === channel)?.[0]
  }

  #tell(message: ToldChannel): void {
    if (this.#state !== 'over') this.#options.listener.told(message)
  }

  /** Rejects at once when `signal` aborts: what is answered later is told to nobody. */
  #ask(id: number, signal?: AbortSignal, join?: string): Promise<unknown> {
    const answer = deferred<unknown>()
    this.#asked.set(id, { join, answer })
    const abort = (): void => this.#reject(id, toUpstreamError(signal?.reason))
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    return answer.promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  #forget(id: number): void {
    this.#asked.delete(id)
    if (this.#asked.size > 0) return
    this.#idle.resolve()
    this.#idle = deferred()
  }

  #send(encode: () => Frame): void {
    const { maxFrameBytes } = this.#options
    if (this.#carrier === undefined || this.#state === 'over')
      throw new UpstreamError('network', 'the connection is not open')
    const frame = encoded(encode)
    const bytes = bytesOf(frame, maxFrameBytes)
    if (bytes > maxFrameBytes)
      throw new PartylineError('message-too-large', `${bytes} bytes in one frame; this line sends ${maxFrameBytes}`)
    this.#carrier.send(frame)
  }

  /** For what must not throw: the server hears it, or will find out otherwise. */
  #try(encode: ((id: number) => Frame) | undefined): void {
    if (encode === undefined || this.#state === 'over') return
    try {
      this.#send(() => encode(++this.#lastId))
    } catch (error) {
      this.#options.listener.malformed('not-encoded', describe(error))
    }
  }

  #end(error: UpstreamError): void {
    const wasOpen = this.#state === 'open'
    if (!this.#over(error)) return
    if (wasOpen) this.#options.listener.ended(error)
  }

  /** False when it was over before. */
  #over(error: UpstreamError): boolean {
    if (this.#state === 'over') return false
    this.#state = 'over'
    this.#error = error
    this.#heartbeat?.stop()
    this.#carrier?.close()
    this.#opening.reject(error)
    for (const { answer } of this.#asked.values()) answer.reject(error)
    this.#asked.clear()
    this.#idle.resolve()
    return true
  }
}

interface Answer {
  readonly reply?: unknown
  readonly position?: string | undefined
  readonly continuity?: Continuity | undefined
}

/** A refused greeting is about who we are, unless the server has another reason. */
function asCredentials(error: UpstreamError): UpstreamError {
  return error.kind === 'refused' ? new UpstreamError('credentials', error.message, { details: error.details }) : error
}

/** @throws PartylineError `invalid-payload` */
function encoded(encode: () => Frame): Frame {
  try {
    return encode()
  } catch (error) {
    if (error instanceof PartylineError) throw error
    throw new PartylineError('invalid-payload', `the codec cannot encode it: ${describe(error)}`, { cause: error })
  }
}

/** In UTF-8; only counted where it could be more than `limit`. */
function bytesOf(frame: string | ArrayBuffer | Uint8Array, limit: number): number {
  if (typeof frame !== 'string') return frame.byteLength
  return frame.length * 3 <= limit ? frame.length : new TextEncoder().encode(frame).byteLength
}
