import { Channel, SUCCEEDED } from './channel.ts'
import type { Greeting, Message } from './connection.ts'
import { Members, type Member } from './members.ts'

/** A channel whose members are known. */
export class PresenceChannel extends Channel {
  members = new Members()

  override disconnect(): void {
    this.members.reset()
    super.disconnect()
  }

  /** What comes again after the tab was asleep is no news. */
  override handleEvent(message: Message): void {
    const { event, data } = message
    const changed = data as { user_id: string }
    if (event === 'pusher_internal:member_added') {
      if (!this.members.get(changed.user_id)) this.#tell('added', this.members.addMember(changed))
    } else if (event === 'pusher_internal:member_removed') this.#tell('removed', this.members.removeMember(changed))
    else super.handleEvent(message)
  }

  protected override greet(greeting: Greeting): void {
    const { messages, me } = greeting
    if (this.subscribed) return this.#catchUp(messages.find(({ event }) => event === SUCCEEDED))
    this.members.setMyID(me)
    super.greet(greeting)
  }

  protected override metadata({ user_id }: { user_id?: string }): object {
    return user_id ? { user_id } : {}
  }

  protected override present(data: unknown): Members {
    this.members.onSubscription(data as Parameters<Members['onSubscription']>[0])
    return this.members
  }

  /** Whoever came or went while the tab was asleep. */
  #catchUp({ data }: Message = { event: '' }): void {
    const { presence } = data as { presence: { hash: Members['members'] } }
    for (const id of Object.keys(this.members.members))
      if (!Object.hasOwn(presence.hash, id)) this.#tell('removed', this.members.removeMember({ user_id: id }))
    for (const [id, info] of Object.entries(presence.hash))
      if (!this.members.get(id)) this.#tell('added', this.members.addMember({ user_id: id, user_info: info }))
  }

  #tell(what: 'added' | 'removed', member: Member | null): void {
    if (member) this.emit(`pusher:member_${what}`, member)
  }
}
