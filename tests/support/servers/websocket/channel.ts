import type { EventMessage, Members, ServerMessage } from './messages.ts'

/** Somebody on a channel. */
export interface Subscriber {
  /** What others know it by. */
  readonly member: string
  send(message: ServerMessage): void
}

interface Place {
  readonly wantsPresence: boolean
  /** There when it tracks something. */
  readonly tracked?: { readonly state: unknown }
}

/** Who is on one channel, and what each shows of itself. */
export class Channel {
  readonly #name: string
  readonly #places = new Map<Subscriber, Place>()

  constructor(name: string) {
    this.#name = name
  }

  get isEmpty(): boolean {
    return this.#places.size === 0
  }

  get subscribers(): readonly Subscriber[] {
    return [...this.#places.keys()]
  }

  has(subscriber: Subscriber): boolean {
    return this.#places.has(subscriber)
  }

  /** May be said again, by one that is there already. */
  join(subscriber: Subscriber, wantsPresence: boolean): void {
    this.#places.set(subscriber, { ...this.#places.get(subscriber), wantsPresence })
    if (wantsPresence) subscriber.send(this.#message({ state: this.#members() }))
  }

  leave(subscriber: Subscriber): void {
    this.untrack(subscriber)
    this.#places.delete(subscriber)
  }

  send(event: EventMessage): void {
    for (const subscriber of this.#places.keys()) subscriber.send(event)
  }

  track(subscriber: Subscriber, state: unknown): void {
    const place = this.#places.get(subscriber)
    if (place === undefined) return
    this.#places.set(subscriber, { ...place, tracked: { state } })
    this.#tell({ joined: { [subscriber.member]: state } })
  }

  untrack(subscriber: Subscriber): void {
    const place = this.#places.get(subscriber)
    if (place?.tracked === undefined) return
    this.#places.set(subscriber, { wantsPresence: place.wantsPresence })
    this.#tell({ left: [subscriber.member] })
  }

  #tell(change: { readonly joined: Members } | { readonly left: readonly string[] }): void {
    for (const [subscriber, { wantsPresence }] of this.#places)
      if (wantsPresence) subscriber.send(this.#message(change))
  }

  #members(): Members {
    const tracked = [...this.#places].flatMap(([{ member }, place]) =>
      place.tracked === undefined ? [] : [[member, place.tracked.state] as const],
    )
    return Object.fromEntries(tracked)
  }

  #message<T extends object>(content: T): { readonly type: 'presence'; readonly channel: string } & T {
    return { type: 'presence', channel: this.#name, ...content }
  }
}
