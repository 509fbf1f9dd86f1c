import type { PartylineError } from '../../client/index.ts'
import type { Greeting, Message } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { log } from './log.ts'
import type { Pusher } from './pusher.ts'

/** A public, private or encrypted channel in this tab. */
export class Channel extends Dispatcher {
  name: string
  pusher: Pusher
  subscribed = false
  subscriptionPending = false
  subscriptionCancelled = false
  subscriptionCount!: number

  constructor(name: string, pusher: Pusher) {
    super(name)
    this.name = name
    this.pusher = pusher
  }

  /** False when there is no connection. */
  trigger(event: string, data: unknown): boolean {
    if (this.name.startsWith('private-encrypted-'))
      throw new Error('Client events are not currently supported for encrypted channels')
    if (!event.startsWith('client-')) throw new Error(`Event '${event}' does not start with 'client-'`)
    if (!this.subscribed)
      log(
        'warn',
        "Client event triggered before channel 'subscription_succeeded' event . See: https://pusher.com/docs/client_api_guide/client_events#trigger-events",
      )
    return this.pusher.send_event(event, data, this.name)
  }

  /** For pusher: the connection is gone. */
  disconnect(): void {
    this.subscribed = this.subscriptionPending = false
  }

  /** For pusher: something that the server said. */
  handleEvent({ event, data, ...metadata }: Message): void {
    if (event === SUCCEEDED) this.#succeeded(data)
    else if (event === 'pusher_internal:subscription_count') {
      const { subscription_count: count } = data as { subscription_count: number }
      if (count) this.subscriptionCount = count
      this.emit('pusher:subscription_count', data)
    } else if (!event.startsWith('pusher_internal:')) this.emit(event, data, this.metadata(metadata))
  }

  /** For pusher. */
  subscribe(): void {
    if (this.subscribed) return
    this.subscriptionPending = true
    this.subscriptionCancelled = false
    this.pusher.connection.join(
      this.name,
      greeting => this.greet(greeting),
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

  /** What the server says to who joins. One that has joined already has heard it. */
  protected greet({ messages }: Greeting): void {
    if (this.subscribed) return
    for (const message of messages) this.#say(message)
  }

  protected metadata(_message: object): object {
    return {}
  }

  /** Who is there, in the words of a presence channel. */
  protected present(data: unknown): unknown {
    return data
  }

  #succeeded(data: unknown): void {
    this.subscriptionPending = false
    this.subscribed = true
    if (this.subscriptionCancelled) this.pusher.unsubscribe(this.name)
    else this.emit('pusher:subscription_succeeded', this.present(data))
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
}

export const SUCCEEDED = 'pusher_internal:subscription_succeeded'
