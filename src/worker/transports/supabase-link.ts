import { PartylineError, type Credentials } from '../../protocol/index.ts'
import {
  toUpstreamError,
  UpstreamError,
  type OpenRequest,
  type TransportLink,
  type TransportSink,
  type UpstreamMessage,
} from '../upstream/transport.ts'
import { toRefusal } from './supabase-causes.ts'
import { SupabaseConnection } from './supabase-connection.ts'
import type { Fields, ServerFrame } from './supabase-frames.ts'
import { resolveOptions, toEndPoint, type Project, type SupabaseOptions } from './supabase-options.ts'
import { toOutgoing } from './supabase-payloads.ts'
import { plainState, toPresence } from './supabase-roster.ts'
import { toRowPayload } from './supabase-rows.ts'
import { Topic, type TopicFrame } from './supabase-topic.ts'
import { toWish, type FaceWish, type Wish } from './supabase-wish.ts'

const PREFIX = 'realtime:'

/** Wires the parts of the transport: the connection, the topics that are joined on it, and the token for both. */
export class SupabaseLink implements TransportLink {
  readonly #sink: TransportSink
  readonly #project: Project
  readonly #connection: SupabaseConnection
  readonly #joinTimeoutMs: number
  readonly #heartbeatMs: number
  readonly #topics = new Map<string, Topic>()
  #token: string | undefined
  #isGivenByTabs = false
  /** Since a token was taken, another has been asked for. */
  #hasAsked = false
  #isAsking = false
  #lookTimer: ReturnType<typeof setInterval> | undefined

  constructor(options: SupabaseOptions, sink: TransportSink) {
    const { project, heartbeatMs, heartbeatTimeoutMs, joinTimeoutMs } = resolveOptions(options)
    this.#sink = sink
    this.#project = project
    this.#joinTimeoutMs = joinTimeoutMs
    this.#heartbeatMs = heartbeatMs
    this.#connection = new SupabaseConnection({
      project,
      heartbeatMs,
      heartbeatTimeoutMs,
      lost: error => this.#lost(error),
      received: frame => this.#received(frame),
    })
  }

  async open({ credentials, signal }: OpenRequest): Promise<void> {
    const token = tokenIn(credentials)
    this.#isGivenByTabs = token !== undefined
    this.#token = token ?? (await this.#ownToken())
    this.#hasAsked = false
    await this.#connection.open(signal)
    if (this.#project.accessToken !== undefined)
      this.#lookTimer = setInterval(() => void this.#look(), this.#heartbeatMs)
  }

  async join(channel: string, signal: AbortSignal): Promise<void> {
    const wish = toWish(channel)
    if (wish.face === undefined) return this.#need(wish.topic).join(channel, wish, signal)
    try {
      this.#expect(wish.face)
      if (wish.face.joins) await this.#need(wish.topic).join(channel, wish, signal)
    } catch (error) {
      throw toRefusal(toUpstreamError(error))
    }
  }

  leave(channel: string): void {
    this.#topicOf(channel)?.leave(channel)
  }

  publish(message: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    const { channel, event, payload, origin } = message
    const wish = toWish(channel)
    if (wish.face !== undefined) return this.#publishOfFace(wish, message, signal)
    const outgoing = toOutgoing(event, payload)
    if (!this.#connection.isOpen) throw new UpstreamError('network', 'the connection is not open')
    return this.#need(wish.topic).publish({ channel, event, payload: outgoing, origin }, wish, signal)
  }

  /** What a tab's `partyline/supabase` sends beside its own joins. */
  async #publishOfFace(
    wish: Wish,
    { channel, event, payload, origin }: UpstreamMessage,
    signal: AbortSignal,
  ): Promise<unknown> {
    switch (event) {
      case 'access_token':
        return this.renew({ token: payload })
      case 'presence':
        return this.#topics.get(wish.topic)?.stateTold
      case 'system':
        return this.#topics.get(wish.topic)?.rowsTold
      case 'broadcast': {
        const { event: name, payload: body, persist } = toBroadcast(payload)
        const message = { channel, event: name, payload: toOutgoing(name, body), more: { persist }, origin }
        return this.#need(wish.topic).publish(message, wish, signal)
      }
      default:
        throw new UpstreamError('refused', `no message of a face: ${event}`)
    }
  }

  /** The address is the worker's to say: where a tab has named another it is not to talk to this one unawares. */
  #expect({ address }: FaceWish): void {
    const { endPoint } = this.#project
    if (toEndPoint(address) !== endPoint)
      throw new UpstreamError('refused', `the worker is connected to ${endPoint}, not to ${address}`)
  }

  async track(channel: string, tab: string, state: unknown): Promise<void> {
    if (typeof state !== 'object' || state === null || Array.isArray(state))
      throw new UpstreamError('refused', 'a state is an object')
    const wish = toWish(channel)
    await this.#need(wish.topic).track(channel, tab, state, wish)
  }

  untrack(channel: string, tab: string): void {
    this.#topicOf(channel)?.untrack(channel, tab)
  }

  renew(credentials: Credentials): void {
    const token = tokenIn(credentials)
    this.#isGivenByTabs = token !== undefined
    if (token !== undefined) this.#renew(token)
  }

  close(): void {
    this.#end(new UpstreamError('network', 'the connection was closed'))
    this.#connection.close()
  }

  #renew(token: string): void {
    if (token === this.#token) return
    this.#token = token
    for (const topic of this.#topics.values()) topic.renew(token)
  }

  /** Of the client that the transport was given. */
  async #ownToken(): Promise<string | undefined> {
    try {
      return (await this.#project.accessToken?.()) ?? undefined
    } catch (error) {
      throw new UpstreamError('network', `the client gave no token: ${toUpstreamError(error).message}`)
    }
  }

  /** The client may have another by now, and does not tell. */
  async #look(): Promise<void> {
    if (this.#isGivenByTabs) return
    const token = await this.#ownToken().catch(() => undefined)
    if (token !== undefined && !this.#isGivenByTabs && this.#connection.isOpen) this.#renew(token)
  }

  #topicOf(channel: string): Topic | undefined {
    try {
      return this.#topics.get(toWish(channel).topic)
    } catch {
      // It was refused.
      return undefined
    }
  }

  #need(name: string): Topic {
    return this.#topics.get(name) ?? this.#create(name)
  }

  #create(name: string): Topic {
    const { event, presence, channelLost, malformed } = this.#sink
    const topic: Topic = new Topic({
      joinTimeoutMs: this.#joinTimeoutMs,
      nextRef: () => this.#connection.nextRef(),
      send: (type, payload, joinRef, ref) =>
        this.#connection.send({ topic: PREFIX + name, event: type, payload, ref, join_ref: joinRef }),
      token: () => this.#token,
      event,
      presence,
      channelLost,
      malformed,
      interrupted: channel => this.#sink.continuity(channel, { verdict: 'unknown' }),
      tokenRefused: error => void this.#tokenRefused(error),
      tokenTaken: () => void (this.#hasAsked = false),
      left: () => void this.#topics.delete(name),
    })
    this.#topics.set(name, topic)
    return topic
  }

  #received(frame: ServerFrame): void {
    if (frame.kind === 'malformed') return this.#sink.malformed(frame.what, frame.detail)
    const name = frame.topic.startsWith(PREFIX) ? frame.topic.slice(PREFIX.length) : undefined
    const topic = name === undefined ? undefined : this.#topics.get(name)
    if (topic === undefined) this.#unrouted(name ?? frame.topic, frame)
    else topic.take(frame)
  }

  /** Nobody has joined it; the broker counts it. */
  #unrouted(channel: string, frame: TopicFrame): void {
    switch (frame.kind) {
      case 'broadcast':
        return this.#sink.event({ channel, event: frame.event, payload: frame.payload })
      case 'rows':
        return this.#sink.event({ channel, event: frame.data.type, payload: toRowPayload(frame.data) })
      case 'presence-state':
        return this.#sink.presence(
          channel,
          toPresence({ isAll: true, there: [...frame.present], gone: [] }, plainState),
        )
      case 'presence-diff': {
        const there = [...frame.joins]
        const gone = [...frame.leaves.keys()].filter(key => !frame.joins.has(key))
        return this.#sink.presence(channel, toPresence({ isAll: false, there, gone }, plainState))
      }
      case 'reply':
      case 'ended':
      case 'system':
        return
    }
  }

  /** It may be stale without anybody's fault: a tab is asked for another, once, before the refusal counts. */
  async #tokenRefused(error: UpstreamError): Promise<void> {
    if (this.#isAsking) return
    if (this.#hasAsked) return this.#giveUp(error)
    const refused = this.#token
    this.#hasAsked = this.#isAsking = true
    const token = await this.#sink.authorise({}).then(tokenIn, () => undefined)
    this.#isAsking = false
    if (!this.#connection.isOpen || this.#token !== refused) return
    if (token === undefined || token === refused) return this.#giveUp(error)
    this.#renew(token)
  }

  #giveUp(error: UpstreamError): void {
    this.#connection.close()
    this.#lost(error)
  }

  #lost(error: UpstreamError): void {
    this.#end(error)
    this.#sink.lost(error)
  }

  #end(error: UpstreamError): void {
    clearInterval(this.#lookTimer)
    for (const topic of this.#topics.values()) topic.end(error)
    this.#topics.clear()
  }
}

function toBroadcast(payload: unknown): Fields & { readonly event: string } {
  const fields = (payload ?? {}) as Fields
  if (typeof fields['event'] === 'string') return { ...fields, event: fields['event'] }
  throw new PartylineError('invalid-payload', 'a broadcast has { event, payload }')
}

function tokenIn(credentials: Credentials | undefined): string | undefined {
  const token = credentials?.['token']
  return typeof token === 'string' && token !== '' ? token : undefined
}
