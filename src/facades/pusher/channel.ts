import type { PartylineError } from '../../client/index.ts'
import type { Greeting, Message } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { log } from './log.ts'
import { Members } from './members.ts'
import type { Pusher } from './pusher.ts'

interface Present {
  readonly presence: { readonly hash: Record<string, unknown>; readonly count: number }
}

interface Changed {
  readonly user_id: string
  readonly user_info?: unknown
}

/** A channel in this tab, of whatever kind. */
export class Channel extends Dispatcher {
  name: string
  pusher: Pusher
  subscribed = false
  subscriptionPending = false
  subscriptionCancelled = false
  subscriptionCount!: number
  /** Of a presence channel. */
  members: Members | undefined

  constructor(name: string, pusher: Pusher) {
    super(name)
    this.name = name
    this.pusher = pusher
    if (name.startsWith('presence-')) this.members = new Members()
  }

  /** False when there is no connection. */
  trigger(event: string, data: unknown): boolean {
    if (this.name.startsWith('private-encrypted-'))
      throw new Error('Client events are not currently supported for encrypted channels')
    if (!event.startsWith('client-')) throw new Error(`Event '${event}' does not start with 'client-'`)
    return this.pusher.send_event(event, data, this.name)
  }

  /** For pusher: the connection is gone. */
  disconnect(): void {
    this.subscribed = this.subscriptionPending = false
    this.members?.reset()
  }

  /** For pusher: something that the server said. */
  handleEvent({ event, data, user_id }: Message): void {
    const { members } = this
    const [, internal] = event.split('pusher_internal:')
    if (!internal) this.emit(event, data, members && user_id ? { user_id } : {})
    else if (internal === 'subscription_succeeded') this.#succeeded(data as Present)
    else if (internal === 'subscription_count') {
      const { subscription_count: count } = data as { subscription_count: number }
      if (count) this.subscriptionCount = count
      this.emit(`pusher:${internal}`, data)
    } else this.#changed(internal, data as Changed)
  }

  /** For pusher. */
  subscribe(): void {
    if (this.subscribed) return
    this.subscriptionPending = true
    this.subscriptionCancelled = false
    this.pusher.connection.join(
      this.name,
      greeting => this.#greet(greeting),
      error => this.#refused(error),
    )
  }

  /** For pusher. */
  unsubscribe(): void {
    this.subscribed = false
    this.pusher.connection.leave(this.name)
  }

  /** For pusher. */
  cancelSubscription(): void {
    this.subscriptionCancelled = true
  }

  /** For pusher. */
  reinstateSubscription(): void {
    this.subscriptionCancelled = false
  }

  /** What the server says to who joins. To whom it has said so before only who came and went meanwhile is news. */
  #greet({ messages, me }: Greeting): void {
    const { members, subscribed } = this
    if (!subscribed) {
      if (members) members.myID = me
      for (const message of messages) this.#say(message)
    } else if (members) {
      const [succeeded] = messages as unknown as readonly [{ data: Present }]
      const { hash } = succeeded.data.presence
      for (const id of Object.keys(members.members))
        if (!Object.hasOwn(hash, id)) this.#say({ event: 'pusher_internal:member_removed', data: { user_id: id } })
      for (const [id, info] of Object.entries(hash))
        this.#say({ event: 'pusher_internal:member_added', data: { user_id: id, user_info: info } })
    }
  }

  #succeeded(data: Present): void {
    this.subscriptionPending = false
    this.subscribed = true
    if (this.subscriptionCancelled) return this.pusher.unsubscribe(this.name)
    const { members } = this
    if (members) {
      const { hash, count } = data.presence
      Object.assign(members, { members: hash, count })
      members.me = members.get(members.myID)
    }
    this.emit('pusher:subscription_succeeded', members ?? data)
  }

  #refused({ details, message }: PartylineError): void {
    const event = 'pusher:subscription_error'
    const { refusal, ...said } = { ...(details as { refusal?: { error: string } } | undefined) }
    if (!refusal) return this.#say({ event, data: { type: 'AuthError', error: message, ...said } })
    this.subscriptionPending = false
    log('error', refusal.error)
    this.emit(event, refusal)
  }

  #say(message: Message): void {
    this.pusher.connection.emit('message', { ...message, channel: this.name })
  }

  /** What comes again after the tab was asleep is no news. */
  #changed(what: string, { user_id: id, user_info: info }: Changed): void {
    const { members } = this
    const isNew = what === 'member_added'
    const known = members?.get(id)
    if (!members || !known === !isNew) return
    members.count += isNew ? 1 : -1
    if (isNew) members.members[id] = info
    else delete members.members[id]
    this.emit(`pusher:${what}`, known ?? members.get(id))
  }
}

/** A channel whose members are known. */
export interface PresenceChannel extends Channel {
  members: Members
}
