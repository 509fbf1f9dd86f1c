import type { RawBroadcast } from './frames.ts'
import { Presence, type Meta, type PresenceDiff } from './presence.ts'

/** What a room is to a channel that joined it: everything that is told there reaches it through these. */
export interface Member {
  hear(broadcast: RawBroadcast): void
  /** A broadcast whose payload came as JSON in a frame of text, and goes on as one. */
  hearText(payload: unknown): void
  seePresence(diff: PresenceDiff): void
}

interface Room {
  readonly members: Set<Member>
  readonly presence: Presence<Member>
}

/** The channels of all connections by topic. A private topic and a public one of the same name are two rooms. */
export class Rooms {
  readonly #rooms = new Map<string, Room>()

  enter(name: string, member: Member): void {
    this.#room(name).members.add(member)
  }

  /** Others see its presence end. */
  leave(name: string, member: Member): void {
    this.untrack(name, member)
    const room = this.#room(name)
    room.members.delete(member)
    if (room.members.size === 0) this.#rooms.delete(name)
  }

  broadcast(name: string, broadcast: RawBroadcast, except?: Member): void {
    for (const member of this.#others(name, except)) member.hear(broadcast)
  }

  broadcastText(name: string, payload: unknown, except?: Member): void {
    for (const member of this.#others(name, except)) member.hearText(payload)
  }

  presenceOf(name: string): ReturnType<Presence<Member>['state']> {
    return this.#room(name).presence.state()
  }

  track(name: string, member: Member, key: string, payload: Meta): void {
    this.#show(name, this.#room(name).presence.track(member, key, payload))
  }

  untrack(name: string, member: Member): void {
    const diff = this.#room(name).presence.untrack(member)
    if (diff !== undefined) this.#show(name, diff)
  }

  #show(name: string, diff: PresenceDiff): void {
    for (const member of this.#others(name)) member.seePresence(diff)
  }

  #others(name: string, except?: Member): readonly Member[] {
    return [...(this.#rooms.get(name)?.members ?? [])].filter(member => member !== except)
  }

  #room(name: string): Room {
    const room = this.#rooms.get(name) ?? { members: new Set(), presence: new Presence() }
    this.#rooms.set(name, room)
    return room
  }
}

export const roomName = (topic: string, isPrivate: boolean): string => `${isPrivate ? 'private' : 'public'}:${topic}`
