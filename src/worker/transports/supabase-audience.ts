import type { PresenceChange } from '../../protocol/index.ts'
import type { UpstreamEvent } from '../upstream/transport.ts'
import type { Fields, ServerFrame } from './supabase-frames.ts'
import { placesOf, takers } from './supabase-merging.ts'
import { plainState, Roster, stateWithRef, toPresence, type RosterChange } from './supabase-roster.ts'
import { toRowPayload } from './supabase-rows.ts'
import type { Wish } from './supabase-wish.ts'

export interface AudienceDeps {
  event(event: UpstreamEvent): void
  presence(channel: string, change: PresenceChange): void
  /** Nobody knows what the channel has missed. */
  interrupted(channel: string): void
}

/** A channel that has what it wants. */
export interface Listener {
  readonly channel: string
  readonly wish: Wish
}

/** A broadcast, by the server or by one of this browser's tabs. */
export interface Heard {
  readonly event: string
  readonly payload: () => unknown
  /** As the server has put it. */
  readonly whole?: Fields
  /** The session that is not to hear it, for each channel. */
  readonly except?: (channel: string) => string | undefined
}

type EventFrame = Extract<ServerFrame, { kind: 'broadcast' | 'rows' }>
type PresenceFrame = Extract<ServerFrame, { kind: 'presence-state' | 'presence-diff' }>

/** What comes between a join and its row changes waits; what is more is lost, as is said then anyway. */
const MAX_HELD = 1_000

/** Whom the messages of one topic are for. It knows nothing of how the topic is joined. */
export class Audience {
  readonly #deps: AudienceDeps
  readonly #listeners: () => readonly Listener[]
  readonly #roster = new Roster()
  #changeIds: ReadonlyMap<number, readonly string[]> = new Map()
  #held: EventFrame[] | undefined
  #rowsInVain = 0

  constructor(listeners: () => readonly Listener[], deps: AudienceDeps) {
    this.#listeners = listeners
    this.#deps = deps
  }

  /** Rows that came and that nobody wanted. */
  get rowsInVain(): number {
    return this.#rowsInVain
  }

  /** The topic is joined anew: what comes waits until {@link Audience.begin}. */
  prepare(changeIds: ReadonlyMap<number, readonly string[]>): void {
    this.#changeIds = changeIds
    this.#roster.forget()
    this.#rowsInVain = 0
    this.#held = []
  }

  begin(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const frame of held) this.#tell(frame)
  }

  /** The join has come to nothing. */
  drop(): void {
    this.#held = undefined
  }

  hear(frame: EventFrame): void {
    if (this.#held === undefined) this.#tell(frame)
    else if (this.#held.length < MAX_HELD) this.#held.push(frame)
  }

  see(frame: PresenceFrame): void {
    if (frame.kind === 'presence-state') this.#roster.begin(frame.present)
    const change = frame.kind === 'presence-state' ? this.#roster.state : this.#roster.change(frame.joins, frame.leaves)
    if (change === undefined) return
    for (const listener of this.#listeners()) this.#tellPresence(listener, change)
  }

  /** A listener that came late hears who is there. */
  greet(listener: Listener): void {
    const { state } = this.#roster
    if (state !== undefined) this.#tellPresence(listener, state)
  }

  broadcast({ event, payload, whole, except }: Heard): void {
    for (const { channel, wish } of this.#listeners())
      this.#deps.event({
        channel,
        ...(wish.face
          ? { event: 'broadcast', payload: whole ?? { type: 'broadcast', event, payload: payload() } }
          : { event, payload: payload() }),
        except: except?.(channel),
      })
  }

  /** What the server says of the topic itself. */
  system(payload: Fields): void {
    for (const { channel, wish } of this.#listeners())
      if (wish.face) this.#deps.event({ channel, event: 'system', payload })
  }

  interrupted(isConcerned: (wish: Wish) => boolean = () => true): void {
    for (const { channel, wish } of this.#listeners()) if (isConcerned(wish)) this.#deps.interrupted(channel)
  }

  #tell(frame: EventFrame): void {
    if (frame.kind === 'broadcast') return this.broadcast({ ...frame, payload: () => frame.payload })
    const { ids, data } = frame
    const wanting = takers(this.#listeners(), ids, this.#changeIds)
    if (wanting.length === 0) this.#rowsInVain++
    const row = toRowPayload(data)
    for (const { channel, wish } of wanting)
      this.#deps.event({
        channel,
        ...(wish.face
          ? { event: 'postgres_changes', payload: { row, of: placesOf(wish.face.changes, ids, this.#changeIds) } }
          : { event: data.type, payload: row }),
      })
  }

  #tellPresence({ channel, wish }: Listener, change: RosterChange): void {
    if (wish.wantsPresence) this.#deps.presence(channel, toPresence(change, wish.face ? stateWithRef : plainState))
  }
}
