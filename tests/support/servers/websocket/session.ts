import { randomBytes } from 'node:crypto'
import type { Subscriber } from './channel.ts'
import type { Channels } from './channels.ts'
import type { Gate } from './gate.ts'
import {
  closeCodes,
  type Auth,
  type ClientMessage,
  type Join,
  type Outcome,
  type Publish,
  type Refusal,
  type ServerMessage,
} from './messages.ts'
import { parseClientMessage } from './parse.ts'
import type { Store } from './store.ts'

/** One client's connection, whatever carries it. */
export interface Wire {
  send(message: ServerMessage): void
  close(code: number, reason: string): void
}

export interface SessionDeps {
  readonly channels: Channels
  readonly store: Store
  readonly gate: Gate
  /** Who has these credentials; throws when nobody does. Without it nobody needs any. */
  readonly authenticate: ((credentials: Auth['credentials']) => Identity) | undefined
  readonly authWithinMs: number
  readonly isForbidden: (channel: string) => boolean
  readonly handle: (message: PublishedMessage, answer: (outcome: Outcome) => void) => void
  /** What is published becomes an event for all on its channel. */
  readonly passesOn: boolean
  readonly log: SessionLog
}

export interface Identity {
  readonly user: string
  /** The connection is closed then, unless the credentials have been renewed. @default never */
  readonly expiresInMs?: number
}

export interface PublishedMessage {
  readonly channel: string
  readonly event: string
  readonly payload: unknown
  readonly key: string | undefined
  /** Whose credentials came with the connection; `undefined` where nobody needs any. */
  readonly user: string | undefined
}

/** What tests want to know of it afterwards, in order of arrival. */
export interface SessionLog {
  readonly auths: Auth['credentials'][]
  readonly joins: string[]
  readonly leaves: string[]
  /** What was carried out; not what came again with the same key. */
  readonly published: PublishedMessage[]
  readonly repeated: PublishedMessage[]
}

/** What one client asks, and what follows from it. */
export class Session implements Subscriber {
  readonly member = randomBytes(6).toString('hex')
  readonly #wire: Wire
  readonly #deps: SessionDeps
  #user: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(wire: Wire, deps: SessionDeps) {
    this.#wire = wire
    this.#deps = deps
    const { authenticate, authWithinMs } = deps
    if (authenticate !== undefined)
      this.#closeAfter(authWithinMs, closeCodes.noCredentialsInTime, 'no credentials came in time')
  }

  /** Messages are handled in the order in which they come. */
  receive(value: unknown): void {
    const message = parseClientMessage(value)
    if (message.type === 'bad')
      return message.id === undefined
        ? this.#wire.close(closeCodes.badMessage, message.why)
        : this.#refuse(message.id, { code: 'bad-message', message: message.why })
    if (this.#mustAuthenticate(message))
      return this.#wire.close(closeCodes.credentials, 'the first message is to be auth')
    this.#handle(message)
  }

  send(message: ServerMessage): void {
    this.#wire.send(message)
  }

  /** The connection is gone. */
  end(): void {
    clearTimeout(this.#timer)
    this.#deps.channels.leaveAll(this)
  }

  #mustAuthenticate({ type }: ClientMessage): boolean {
    return this.#deps.authenticate !== undefined && this.#user === undefined && type !== 'auth'
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'auth':
        return this.#authenticate(message)
      case 'join':
        return this.#unlessLimited(message.id, () => this.#join(message))
      case 'leave':
        return this.#leave(message.id, message.channel)
      case 'track':
        return this.#unlessLimited(message.id, () => this.#track(message.id, message.channel, message.state))
      case 'untrack':
        this.#deps.channels.get(message.channel)?.untrack(this)
        return this.#answer(message.id, { ok: true })
      case 'publish':
        return this.#unlessLimited(message.id, () => void this.#publish(message))
      case 'ping':
        return this.send({ type: 'pong' })
      case 'close':
        return this.#wire.close(1000, '')
    }
  }

  #authenticate({ id, credentials }: Auth): void {
    this.#deps.log.auths.push(credentials)
    try {
      const { user, expiresInMs } = this.#deps.authenticate?.(credentials) ?? { user: '' }
      if (this.#user !== undefined && this.#user !== user) throw new Error('these are the credentials of another user')
      this.#user = user
      this.#closeAfter(expiresInMs, closeCodes.credentials, 'the credentials have expired')
      this.#answer(id, { ok: true })
    } catch (error) {
      const { message } = error as Error
      this.#refuse(id, { code: 'refused', message })
      this.#wire.close(closeCodes.credentials, message)
    }
  }

  #join({ id, channel, after, presence }: Join): void {
    const { channels, isForbidden, log } = this.#deps
    log.joins.push(channel)
    if (isForbidden(channel)) return this.#refuse(id, { code: 'refused', message: 'not for you' })
    const recovery = after === undefined ? undefined : channels.missed(channel, after)
    for (const event of recovery?.events ?? []) this.send(event)
    channels.join(this, channel, presence)
    const position = channels.position(channel)
    this.#answer(id, { ok: true, ...(position === undefined ? {} : { position }), ...recovery?.verdict })
  }

  #leave(id: number, channel: string): void {
    this.#deps.log.leaves.push(channel)
    this.#deps.channels.leave(this, channel)
    this.#answer(id, { ok: true })
  }

  #track(id: number, name: string, state: unknown): void {
    const channel = this.#deps.channels.get(name)
    if (channel?.has(this) !== true)
      return this.#refuse(id, { code: 'refused', message: 'only who is on a channel can be present there' })
    channel.track(this, state)
    this.#answer(id, { ok: true, reply: { member: this.member } })
  }

  async #publish({ id, channel, event, payload, key }: Publish): Promise<void> {
    const { store, log } = this.#deps
    const message = { channel, event, payload, key, user: this.#user }
    const known = key === undefined ? undefined : store.outcome(key)
    if (known !== undefined) log.repeated.push(message)
    const outcome = known ?? this.#carryOut(message)
    if (key !== undefined) store.keep(key, outcome)
    this.#answer(id, await outcome)
  }

  async #carryOut(message: PublishedMessage): Promise<Outcome> {
    const { channels, handle, passesOn, log } = this.#deps
    log.published.push(message)
    const outcome = await new Promise<Outcome>(resolve => handle(message, resolve))
    if (outcome.ok && passesOn) channels.publish(message.channel, message.event, message.payload)
    return outcome
  }

  #unlessLimited(id: number, action: () => void): void {
    const retryAfterMs = this.#deps.gate.retryAfterMs('messages')
    if (retryAfterMs === undefined) return action()
    this.#refuse(id, { code: 'rate-limited', message: 'too many messages', retryAfterMs })
  }

  #answer(id: number, outcome: Outcome): void {
    this.send({ type: 'ack', id, ...outcome })
  }

  #refuse(id: number, error: Refusal): void {
    this.#answer(id, { ok: false, error })
  }

  #closeAfter(afterMs: number | undefined, code: number, reason: string): void {
    clearTimeout(this.#timer)
    if (afterMs !== undefined) this.#timer = setTimeout(() => this.#wire.close(code, reason), afterMs)
  }
}
