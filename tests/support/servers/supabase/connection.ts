import type { WebSocket } from 'ws'
import { admit } from './admission.ts'
import { Channel, type ChannelPort } from './channel.ts'
import { decodeFrame, encodeBroadcast, encodeFrame, type Frame, type Version } from './frames.ts'
import type { Hub } from './hub.ts'
import { parseJoin } from './join-config.ts'

interface Joined {
  readonly joinRef: string | null
  readonly channel: Channel
}

const prefix = 'realtime:'
const unmatched = { reason: 'unmatched topic' }

/** Close codes of the WebSocket protocol. */
const normalEnd = 1000
const internalError = 1011

/** One client, and the channels that it has joined. */
export class Connection {
  readonly #hub: Hub
  readonly #socket: WebSocket
  readonly #version: Version
  /** What a join without a token of its own is judged by. */
  readonly #apiKey: string
  readonly #joined = new Map<string, Joined>()
  #isSilent = false

  constructor(hub: Hub, socket: WebSocket, version: Version, apiKey: string) {
    this.#hub = hub
    this.#socket = socket
    this.#version = version
    this.#apiKey = apiKey
    socket.on('message', (data, isBinary) => this.#take(toBuffer(data), isBinary))
    socket.on('close', () => this.#closeChannels())
    // A broken connection also closes, which is all that counts here.
    socket.on('error', () => {})
  }

  get channels(): readonly Channel[] {
    return [...this.#joined.values()].map(({ channel }) => channel)
  }

  /** From now on hears nothing and says nothing, while TCP stays open. */
  silence(): void {
    this.#isSilent = true
    this.#socket.pause()
  }

  /** Ends it with this code. */
  close(code: number): void {
    this.#socket.close(code)
  }

  /** Sends what is no frame, or any other one. */
  inject(raw: string | Buffer): void {
    if (!this.#isSilent) this.#socket.send(raw)
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#isSilent) return
    const frame = this.#read(data, isBinary)
    // A process of Phoenix that cannot read a frame ends, and its connection with it.
    if (frame === undefined) this.#socket.close(internalError)
    else this.#route(frame)
  }

  #read(data: Buffer, isBinary: boolean): Frame | undefined {
    try {
      return decodeFrame(this.#version, data, isBinary)
    } catch {
      return undefined
    }
  }

  #route(frame: Frame): void {
    const { topic, event, ref, payload } = frame
    if (topic === 'phoenix' && event === 'heartbeat') return this.#reply(frame, 'ok', {})
    if (event === 'phx_join') return this.#join(frame)
    const joined = this.#joined.get(topic)
    if (event === 'phx_leave') return this.#leave(frame, joined)
    if (joined === undefined) return this.#reply(frame, 'error', unmatched)
    // What was sent to a join that another has replaced is lost.
    if (frame.joinRef === null || frame.joinRef === joined.joinRef) joined.channel.take(event, payload, ref)
  }

  #join(frame: Frame): void {
    const { topic, joinRef, ref } = frame
    if (!topic.startsWith(prefix)) return this.#reply(frame, 'error', unmatched)
    const subTopic = topic.slice(prefix.length)
    const config = parseJoin(frame.payload)
    this.#hub.onJoin(subTopic, config)
    this.#end(this.#joined.get(topic), topic)
    if (subTopic === '') return this.#refuse(frame, 'TopicNameRequired: You must provide a topic name')
    if (!this.#hub.joinRate.take()) {
      this.#reply(frame, 'error', { reason: 'ClientJoinRateLimitReached: Too many joins per second' })
      return this.#socket.close(normalEnd)
    }
    if (this.#joined.size >= (this.#hub.limits.channelsPerConnection ?? Infinity)) {
      return this.#refuse(frame, 'ChannelRateLimitReached: Too many channels')
    }
    const { tokens, policy } = this.#hub
    const admission = admit(tokens, policy, subTopic, config.isPrivate, config.token ?? this.#apiKey)
    if (!admission.isAdmitted) return this.#refuse(frame, `${admission.code}: ${admission.message}`)
    const channel = new Channel(this.#hub, this.#portOf(frame), subTopic, config, admission.session)
    this.#joined.set(topic, { joinRef, channel })
    void channel.start(ref)
  }

  /** Phoenix closes the channel of an earlier join to the same topic. */
  #end(earlier: Joined | undefined, topic: string): void {
    if (earlier === undefined) return
    earlier.channel.close()
    this.#send({ joinRef: earlier.joinRef, ref: earlier.joinRef, topic, event: 'phx_close', payload: {} })
  }

  #leave(frame: Frame, joined: Joined | undefined): void {
    this.#reply(frame, 'ok', {})
    if (joined === undefined || (frame.joinRef !== null && frame.joinRef !== joined.joinRef)) return
    this.#hub.onLeave(joined.channel.topic)
    this.#end(joined, frame.topic)
  }

  #portOf({ topic, joinRef }: Frame): ChannelPort {
    const send = (event: string, payload: unknown, from: string | null, ref: string | null = null): void =>
      this.#send({ joinRef: from, ref, topic, event, payload })
    return {
      push: (event, payload) => send(event, payload, joinRef),
      tell: (event, payload) => send(event, payload, null),
      tellBroadcast: broadcast => this.#sendRaw(encodeBroadcast(this.#version, topic, broadcast)),
      reply: (ref, status, response) => send('phx_reply', { status, response }, joinRef, ref),
      end: event => send(event, {}, joinRef, joinRef),
      onEnd: () => void this.#joined.delete(topic),
    }
  }

  #refuse(frame: Frame, reason: string): void {
    setTimeout(() => this.#reply(frame, 'error', { reason }), this.#hub.joinErrorDelayMs)
  }

  #reply({ joinRef, ref, topic }: Frame, status: 'ok' | 'error', response: unknown): void {
    this.#send({ joinRef, ref, topic, event: 'phx_reply', payload: { status, response } })
  }

  #send(frame: Frame): void {
    this.#sendRaw(encodeFrame(this.#version, frame))
  }

  #sendRaw(data: string | Buffer | undefined): void {
    if (data !== undefined && !this.#isSilent && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(data)
  }

  #closeChannels(): void {
    for (const channel of this.channels) channel.close()
  }
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
