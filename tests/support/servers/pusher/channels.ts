import type { ChannelKind } from './channel-kind.ts'
import { channelKind } from './channel-kind.ts'
import { Channel, type Member } from './channel.ts'
import type { Connection } from './connection.ts'
import type { ServerMessage } from './messages.ts'

/** The channels that somebody is on, and the last event of those that keep it. */
export class Channels {
  readonly #occupied = new Map<string, Channel>()
  /** Outlives the channel's subscribers. */
  readonly #cached = new Map<string, ServerMessage>()

  readonly #tellsCounts: boolean

  constructor(tellsCounts: boolean) {
    this.#tellsCounts = tellsCounts
  }

  get occupied(): readonly Channel[] {
    return [...this.#occupied.values()]
  }

  get(name: string): Channel | undefined {
    return this.#occupied.get(name)
  }

  /** The last event of a cache channel, as the HTTP API tells it. */
  cached(name: string): unknown {
    const data = this.#cached.get(name)?.data
    return data === undefined ? undefined : { data }
  }

  join(connection: Connection, name: string, kind: ChannelKind, member: Member | undefined): void {
    const channel = this.#occupied.get(name) ?? new Channel(name, kind, this.#tellsCounts)
    this.#occupied.set(name, channel)
    channel.add(connection, member)
    if (kind.isCache) connection.send(this.#cached.get(name) ?? { event: 'pusher:cache_miss', channel: name })
  }

  leave(connection: Connection, name: string): void {
    const channel = this.#occupied.get(name)
    if (channel === undefined || !connection.channels.has(name)) return
    channel.remove(connection)
    if (channel.subscriptionCount === 0) this.#occupied.delete(name)
  }

  /** An event of the app's server. Those of clients are not kept. */
  publish(name: string, message: ServerMessage, exceptSocketId?: string): void {
    if (channelKind(name)?.isCache === true) this.#cached.set(name, message)
    this.#occupied.get(name)?.send(message, exceptSocketId)
  }

  /** As if too much time had gone by since the last events. */
  forgetCached(): void {
    this.#cached.clear()
  }
}
