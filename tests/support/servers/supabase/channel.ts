import { admit, type Session } from './admission.ts'
import type { ChangePayload } from './changes.ts'
import { BroadcastPush, type RawBroadcast } from './frames.ts'
import type { Hub } from './hub.ts'
import { toFields, type JoinConfig } from './join-config.ts'
import { Rate } from './limits.ts'
import type { PresenceDiff } from './presence.ts'
import { roomName, type Member } from './rooms.ts'

/** How a channel reaches its client. */
export interface ChannelPort {
  /** With the channel's join reference. */
  push(event: string, payload: unknown): void
  /** To all who joined the topic alike, without a reference. */
  tell(event: string, payload: unknown): void
  tellBroadcast(broadcast: RawBroadcast): void
  reply(ref: string | null, status: 'ok' | 'error', response: unknown): void
  /** Tells the client that the channel is over: for good, or by a crash after which it joins again by itself. */
  end(event: 'phx_close' | 'phx_error'): void
  /** Called once, when the channel has ended. */
  onEnd(): void
}

/** Longer times overflow a timer. */
const longestTimerMs = 2 ** 31 - 1

/** One topic that one connection has joined. */
export class Channel implements Member {
  readonly topic: string
  readonly #hub: Hub
  readonly #port: ChannelPort
  readonly #config: JoinConfig
  readonly #room: string
  readonly #presenceRate: Rate
  #session: Session
  #tracked: string | undefined
  #expiry: NodeJS.Timeout | undefined
  #unsubscribe = (): void => {}
  #isOpen = true

  constructor(hub: Hub, port: ChannelPort, topic: string, config: JoinConfig, session: Session) {
    this.topic = topic
    this.#hub = hub
    this.#port = port
    this.#config = config
    this.#session = session
    this.#room = roomName(topic, config.isPrivate)
    this.#presenceRate = new Rate(hub.limits.presencePer30Seconds, 30_000)
    this.#watchExpiry()
    hub.rooms.enter(this.#room, this)
  }

  /** Answers the join and begins what was asked for with it. */
  async start(ref: string | null): Promise<void> {
    const { bindings, waitsForChanges, seesPresence } = this.#config
    const response = { postgres_changes: bindings.map(({ asked, id }) => ({ ...asked, id })) }
    const subscribing = bindings.length === 0 ? undefined : this.#subscribe()
    if (waitsForChanges) await subscribing
    if (!this.#isOpen) return
    this.#port.reply(ref, 'ok', response)
    if (seesPresence) this.#port.push('presence_state', this.#hub.rooms.presenceOf(this.#room))
    const failure = await subscribing
    if (subscribing === undefined || !this.#isOpen) return
    this.#system('postgres_changes', failure === undefined ? 'ok' : 'error', failure ?? 'Subscribed to PostgreSQL')
  }

  take(event: string, payload: unknown, ref: string | null): void {
    switch (event) {
      case 'broadcast':
        return this.#takeBroadcast(payload, ref)
      case 'presence':
        return this.#takePresence(payload, ref)
      case 'access_token':
        return this.#takeToken(payload)
      default:
      // Anything else is ignored, as Realtime does.
    }
  }

  hear(broadcast: RawBroadcast): void {
    this.#port.tellBroadcast(broadcast)
  }

  hearText(payload: unknown): void {
    this.#port.tell('broadcast', payload)
  }

  seePresence(diff: PresenceDiff): void {
    this.#port.tell('presence_diff', diff)
  }

  holds(token: string): boolean {
    return this.#session.token === token
  }

  /** Says why, and ends the channel; the client does not join again by itself. */
  shutDown(message: string): void {
    this.#system('system', 'error', message)
    this.close()
    this.#port.end('phx_close')
  }

  /** Ends if its token has expired. */
  judgeAnew(): void {
    const verdict = this.#hub.tokens.read(this.#session.token)
    if (verdict.isValid) this.#watchExpiry()
    else this.shutDown(verdict.message)
  }

  /** Ends without a reason, as a process that crashed. */
  crash(): void {
    this.close()
    this.#port.end('phx_error')
  }

  /** Takes the channel out of everything without a word. May be called twice. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#expiry)
    this.#unsubscribe()
    this.#hub.rooms.leave(this.#room, this)
    this.#port.onEnd()
  }

  /** Resolves with the sentence that says why it cannot. */
  async #subscribe(): Promise<string | undefined> {
    try {
      const onChange = (payload: ChangePayload): void => this.#port.tell('postgres_changes', payload)
      const unsubscribe = await this.#hub.changes.subscribe({ bindings: this.#config.bindings, onChange })
      if (this.#isOpen) this.#unsubscribe = unsubscribe
      else unsubscribe()
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  #takeBroadcast(payload: unknown, ref: string | null): void {
    if (!this.#session.mayWrite) return
    if (!this.#hub.messageRate.take()) return this.shutDown('Too many messages per second')
    const except = this.#config.hearsItself ? undefined : this
    if (payload instanceof BroadcastPush) this.#hub.rooms.broadcast(this.#room, payload.broadcast, except)
    else this.#hub.rooms.broadcastText(this.#room, payload, except)
    if (this.#config.acknowledgesBroadcasts) this.#port.reply(ref, 'ok', {})
  }

  #takePresence(payload: unknown, ref: string | null): void {
    if (!this.#presenceRate.take()) return this.shutDown('Client presence rate limit exceeded')
    const { event, payload: meta = {} } = toFields(payload)
    switch (event) {
      case 'track':
        return this.#track(meta, ref)
      case 'untrack':
        this.#tracked = undefined
        this.#hub.rooms.untrack(this.#room, this)
        return this.#port.reply(ref, 'ok', {})
      default:
        return this.#port.reply(ref, 'error', {})
    }
  }

  #track(meta: unknown, ref: string | null): void {
    if (!this.#session.mayWrite) return this.#port.reply(ref, 'error', {})
    if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) {
      return this.#port.reply(ref, 'error', { reason: 'Presence track payload must be a map' })
    }
    const text = JSON.stringify(meta)
    // The same again changes nothing, and nobody is told.
    if (text !== this.#tracked) this.#hub.rooms.track(this.#room, this, this.#config.presenceKey, toFields(meta))
    this.#tracked = text
    this.#port.reply(ref, 'ok', {})
  }

  #takeToken(payload: unknown): void {
    const { access_token: token } = toFields(payload)
    if (typeof token !== 'string' || token === this.#session.token) return
    const { tokens, policy } = this.#hub
    const admission = admit(tokens, policy, this.topic, this.#config.isPrivate, token)
    if (!admission.isAdmitted) return this.shutDown(admission.message)
    this.#session = admission.session
    this.#watchExpiry()
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry)
    const leftMs = this.#session.claims.exp * 1000 - Date.now()
    this.#expiry = setTimeout(() => this.judgeAnew(), Math.min(Math.max(leftMs, 0), longestTimerMs))
  }

  #system(extension: string, status: 'ok' | 'error', message: string): void {
    this.#port.push('system', { extension, status, message, channel: this.topic })
  }
}
