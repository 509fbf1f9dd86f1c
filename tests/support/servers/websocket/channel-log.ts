import { randomBytes } from 'node:crypto'
import type { Accepted, EventMessage } from './messages.ts'

export interface Recovery {
  /** All that came since; empty where not all of them are there any more. */
  readonly events: readonly EventMessage[]
  readonly verdict: Pick<Accepted, 'recovered' | 'missed'>
}

/** The last events of one channel. A position is good only in the log that gave it. */
export class ChannelLog {
  readonly #maxEvents: number
  readonly #life = randomBytes(4).toString('hex')
  #events: EventMessage[] = []
  #count = 0

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents
  }

  get position(): string {
    return `${this.#life}-${this.#count}`
  }

  add(event: EventMessage): EventMessage {
    this.#count++
    const placed = { ...event, position: this.position }
    this.#events = [...this.#events, placed].slice(-this.#maxEvents)
    return placed
  }

  after(position: string): Recovery {
    const [life, count] = position.split('-')
    const n = Number(count)
    if (life !== this.#life || !(n <= this.#count)) return { events: [], verdict: { recovered: false } }
    const missed = this.#count - n
    if (missed > this.#events.length) return { events: [], verdict: { recovered: false, missed } }
    return { events: missed === 0 ? [] : this.#events.slice(-missed), verdict: { recovered: true } }
  }
}
