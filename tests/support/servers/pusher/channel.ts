import type { ChannelKind } from './channel-kind.ts'
import type { Connection } from './connection.ts'
import type { ServerMessage } from './messages.ts'

export interface Member {
  readonly id: string
  readonly info: unknown
}

/** Who is on one channel. A user with several connections is one member, there from its first to its last. */
export class Channel {
  readonly name: string
  readonly kind: ChannelKind
  readonly #tellsCounts: boolean
  readonly #subscribers = new Map<Connection, Member | undefined>()

  /** @param tellsCounts how many subscribe; presence channels have their members' count instead */
  constructor(name: string, kind: ChannelKind, tellsCounts: boolean) {
    this.name = name
    this.kind = kind
    this.#tellsCounts = tellsCounts && !kind.isPresence && kind.user === undefined
  }

  get subscriptionCount(): number {
    return this.#subscribers.size
  }

  /** Each once, in the order in which they came. */
  get members(): readonly Member[] {
    return [...new Map(this.#present().map(member => [member.id, member])).values()]
  }

  memberOf(connection: Connection): Member | undefined {
    return this.#subscribers.get(connection)
  }

  add(connection: Connection, member: Member | undefined): void {
    if (member !== undefined && !this.#isPresent(member)) this.#tell('member_added', toWire(member))
    this.#subscribers.set(connection, member)
    connection.channels.add(this.name)
    const succeeded = this.kind.isPresence ? { presence: this.#presence() } : {}
    connection.send(this.#message('subscription_succeeded', succeeded))
    this.#tellCount()
  }

  remove(connection: Connection): void {
    const member = this.#subscribers.get(connection)
    this.#subscribers.delete(connection)
    connection.channels.delete(this.name)
    if (member !== undefined && !this.#isPresent(member)) this.#tell('member_removed', { user_id: member.id })
    this.#tellCount()
  }

  send(message: ServerMessage, exceptSocketId?: string): void {
    for (const connection of this.#subscribers.keys())
      if (connection.socketId !== exceptSocketId) connection.send(message)
  }

  #tell(event: string, data: object): void {
    this.send(this.#message(event, data))
  }

  #tellCount(): void {
    if (this.#tellsCounts) this.#tell('subscription_count', { subscription_count: this.subscriptionCount })
  }

  #message(event: string, data: object): ServerMessage {
    return { event: `pusher_internal:${event}`, channel: this.name, data: JSON.stringify(data) }
  }

  #presence(): object {
    const { members } = this
    return {
      ids: members.map(({ id }) => id),
      hash: Object.fromEntries(members.map(({ id, info }) => [id, info])),
      count: members.length,
    }
  }

  #present(): readonly Member[] {
    return [...this.#subscribers.values()].filter(member => member !== undefined)
  }

  #isPresent({ id }: Member): boolean {
    return this.#present().some(member => member.id === id)
  }
}

function toWire({ id, info }: Member): object {
  return { user_id: id, user_info: info }
}
