import { admit } from './admission.ts'
import type { App } from './app.ts'
import { channelKind } from './channel-kind.ts'
import type { Channels } from './channels.ts'
import type { Connection } from './connection.ts'
import { parseClientMessage, parseObject, type ClientEvent, type ClientMessage, type Subscribe } from './messages.ts'
import { RateLimit } from './rate-limit.ts'
import { isSignedBy } from './signature.ts'
import type { User, Users } from './users.ts'

export interface SessionDeps {
  readonly app: App
  readonly channels: Channels
  readonly users: Users
  readonly maxMembers: number
  readonly clientEventsPerSecond: number
  /** Ends a connection on which nobody signs in. `undefined`: nobody has to. */
  readonly signinWithinMs: number | undefined
  readonly log: SessionLog
}

/** What tests want to know of it afterwards, in order of arrival. */
export interface SessionLog {
  readonly subscriptions: string[]
  readonly unsubscriptions: string[]
  readonly clientEvents: ClientEventEntry[]
  readonly signins: string[]
}

export interface ClientEventEntry {
  readonly channel: string
  readonly event: string
  readonly data: unknown
  readonly user: string | undefined
}

/** What one connection asks, and what follows from it. */
export class Session {
  readonly #connection: Connection
  readonly #deps: SessionDeps
  readonly #clientEvents: RateLimit
  readonly #signinTimer: NodeJS.Timeout | undefined

  constructor(connection: Connection, deps: SessionDeps) {
    const { clientEventsPerSecond, signinWithinMs } = deps
    this.#connection = connection
    this.#deps = deps
    this.#clientEvents = new RateLimit(clientEventsPerSecond)
    if (signinWithinMs !== undefined)
      this.#signinTimer = setTimeout(() => connection.end(4009, 'Nobody signed in in time'), signinWithinMs)
  }

  receive(text: string): void {
    this.#handle(parseClientMessage(text))
  }

  /** The connection has closed. */
  end(): void {
    clearTimeout(this.#signinTimer)
    for (const name of this.#connection.channels) this.#deps.channels.leave(this.#connection, name)
    this.#deps.users.signOut(this.#connection)
  }

  #handle(message: ClientMessage): void {
    switch (message.kind) {
      case 'ping':
        return this.#connection.send({ event: 'pusher:pong', data: '{}' })
      case 'pong':
        return undefined
      case 'subscribe':
        return this.#subscribe(message)
      case 'unsubscribe':
        return this.#unsubscribe(message.channel)
      case 'signin':
        return this.#signIn(message.auth, message.userData)
      case 'client-event':
        return this.#passOn(message)
      case 'unreadable':
        return this.#connection.sendError(null, message.why)
    }
  }

  #subscribe(message: Subscribe): void {
    const { app, channels, maxMembers, log } = this.#deps
    const { channel: name } = message
    log.subscriptions.push(name)
    const kind = channelKind(name)
    if (kind === undefined) return this.#connection.sendError(null, `Invalid channel name ${name}`)
    if (this.#connection.channels.has(name))
      return this.#connection.sendError(null, `Existing subscription to channel ${name}`)
    const admission = admit(
      { app, connection: this.#connection, kind, channel: channels.get(name), maxMembers },
      message,
    )
    if (admission.isAdmitted) return channels.join(this.#connection, name, kind, admission.member)
    this.#connection.send({ event: 'pusher:subscription_error', channel: name, data: admission.refusal })
  }

  #unsubscribe(name: string): void {
    this.#deps.log.unsubscriptions.push(name)
    this.#deps.channels.leave(this.#connection, name)
  }

  #signIn(auth: string, userData: string): void {
    const { app, users, log } = this.#deps
    const user = parseUser(userData)
    if (user === undefined || !isSignedBy(app, auth, this.#connection.socketId, '', 'user', '', userData))
      return this.#connection.end(4009, 'Connection not authorized')
    clearTimeout(this.#signinTimer)
    log.signins.push(user.id)
    this.#connection.send({ event: 'pusher:signin_success', data: JSON.stringify({ user_data: userData }) })
    users.signIn(this.#connection, user)
  }

  #passOn({ channel: name, event, data }: ClientEvent): void {
    const channel = this.#deps.channels.get(name)
    if (channel === undefined || !this.#connection.channels.has(name))
      return this.#connection.sendError(null, `Client event on ${name}, which the connection has not joined`)
    if (!channel.kind.isPrivate || channel.kind.isEncrypted)
      return this.#connection.sendError(null, `Client events are for private and presence channels, not for ${name}`)
    if (!this.#clientEvents.take()) return this.#connection.sendError(4301, 'Client event rejected: too many a second')
    const user = channel.memberOf(this.#connection)?.id
    this.#deps.log.clientEvents.push({ channel: name, event, data, user })
    const from = user === undefined ? {} : { user_id: user }
    channel.send({ event, channel: name, data, ...from }, this.#connection.socketId)
  }
}

function parseUser(userData: string): User | undefined {
  const { id, user_info: info, watchlist = [] } = parseObject(userData) ?? {}
  if (typeof id !== 'string' || id === '' || !Array.isArray(watchlist)) return undefined
  return { id, info, watchlist: watchlist.map(String) }
}
