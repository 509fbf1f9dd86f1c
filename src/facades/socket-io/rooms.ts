import type { FaceSocket } from './face-socket.ts'

/**
 * The rooms that this tab is in. A room is the connection's, so the server hears of a leaving only when this tab was the
 * last there; the broker counts, also those that go without a word.
 */
export class Rooms {
  readonly #socket: FaceSocket
  readonly #leaveEvents: { readonly [enter: string]: string }
  /** What tells the broker that this tab is in a room no more. */
  readonly #entered = new Map<string, () => void>()

  constructor(socket: FaceSocket, leaveEvents: { readonly [enter: string]: string }) {
    this.#socket = socket
    this.#leaveEvents = leaveEvents
  }

  /** Returns whether the event is a leaving, which is not to be sent. */
  heard(event: string, room: unknown): boolean {
    const leaveEvent = this.#leaveEvents[event]
    const isLeaving = Object.values(this.#leaveEvents).includes(event)
    if (!leaveEvent && !isLeaving) return false
    const own = Object(room) === room ? Object.fromEntries(Object.entries(room as object).slice(0, 1)) : room
    const key = JSON.stringify([leaveEvent ?? event, own])
    if (isLeaving) {
      // What was emitted before goes first.
      this.#socket._flush()
      this.#entered.get(key)?.()
      this.#entered.delete(key)
    } else if (!this.#entered.has(key)) {
      const { nsp: name, _line, _server: io } = this.#socket
      const stay = _line?.channel({ name, params: { io, leave: [leaveEvent, own] } })
      if (stay)
        this.#entered.set(
          key,
          stay.on('event', () => {}),
        )
    }
    return isLeaving
  }

  /** The tab leaves the namespace. */
  clear(): void {
    for (const leave of this.#entered.values()) leave()
    this.#entered.clear()
  }
}
