import { Channel, type Subscriber } from './channel.ts'
import type { Refusal } from './messages.ts'
import type { Recovery } from './channel-log.ts'
import type { Store } from './store.ts'

/** The channels of a server, with the events that it keeps of them. */
export class Channels {
  readonly #store: Store
  readonly #occupied = new Map<string, Channel>()

  constructor(store: Store) {
    this.#store = store
  }

  get(name: string): Channel | undefined {
    return this.#occupied.get(name)
  }

  /** From here on the subscriber gets all events. What it has missed is the caller's to send, before anything else happens. */
  join(subscriber: Subscriber, name: string, wantsPresence: boolean): void {
    const channel = this.#occupied.get(name) ?? new Channel(name)
    this.#occupied.set(name, channel)
    channel.join(subscriber, wantsPresence)
  }

  leave(subscriber: Subscriber, name: string): void {
    const channel = this.#occupied.get(name)
    channel?.leave(subscriber)
    if (channel?.isEmpty === true) this.#occupied.delete(name)
  }

  leaveAll(subscriber: Subscriber): void {
    for (const [name, channel] of [...this.#occupied]) if (channel.has(subscriber)) this.leave(subscriber, name)
  }

  /** Takes everybody out of a channel. */
  clear(name: string, error: Refusal): void {
    for (const subscriber of this.#occupied.get(name)?.subscribers ?? []) {
      this.leave(subscriber, name)
      subscriber.send({ type: 'left', channel: name, error })
    }
  }

  /** Kept also where nobody is on the channel. */
  publish(channel: string, event: string, payload: unknown): void {
    const message = { type: 'event' as const, channel, event, payload }
    const placed = this.#store.log(channel)?.add(message) ?? message
    this.#occupied.get(channel)?.send(placed)
  }

  position(name: string): string | undefined {
    return this.#store.log(name)?.position
  }

  /** `undefined` where the server knows no positions. */
  missed(name: string, after: string): Recovery | undefined {
    return this.#store.log(name)?.after(after)
  }
}
