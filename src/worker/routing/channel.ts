import type { Deliver, Resume, WireError } from '../../protocol/index.ts'
import type { Session } from '../sessions/session.ts'

/** What is known of one channel: who wants it, how it stands upstream, and up to where its events are complete. */
export interface Channel {
  readonly name: string
  /** Stands for the channel in every frame of this epoch; negated for what exactly one tab gets. */
  readonly ref: number
  readonly subscribers: Map<Session, Deliver>
  /** Those who come from another attachment, while it is open what became of the events since. They get none before. */
  readonly awaiting: Map<Session, Resume>
  /** Those who want so many of the last events, while it is open whether any is missing between these and the next. */
  readonly replays: Map<Session, number>
  /** Those who want to hear who is in it. */
  readonly watchers: Set<Session>
  upstream: Upstream
  /** It was joined before the connection went, and the tabs have not yet heard what became of the time between. */
  interrupted: boolean
  /** Number of the event after which none is missing; `undefined` before the first join. */
  continuousSince: number | undefined
  /** Number of the last event that was given to exactly one tab, as far as is known. */
  givenToOne: number
  /** Whoever was given what came last, by the broker before this one, may be on its way here. */
  holdsOnes: boolean
  cancelLinger: () => void
}

export type Upstream =
  | { readonly state: 'out' }
  | { readonly state: 'joining'; readonly abort: AbortController }
  | { readonly state: 'joined'; readonly info: unknown }
  | { readonly state: 'refused'; readonly error: WireError }

export function newChannel(name: string, ref: number): Channel {
  return {
    name,
    ref,
    subscribers: new Map(),
    awaiting: new Map(),
    replays: new Map(),
    watchers: new Set(),
    upstream: { state: 'out' },
    interrupted: false,
    continuousSince: undefined,
    givenToOne: 0,
    holdsOnes: false,
    cancelLinger: () => {},
  }
}

/** The place, if nothing is missing since. */
export function unbroken({ continuousSince }: Channel, place: number | undefined): number | undefined {
  return place !== undefined && continuousSince !== undefined && place >= continuousSince ? place : undefined
}
