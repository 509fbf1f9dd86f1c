import type { NewEntry } from '../../outbox/index.ts'
import type { PartylineError } from '../../protocol/index.ts'

/** One waiting message, as much of its lane's head as is in memory. */
export interface Item {
  readonly entry: NewEntry
  attempts: number
  /** The attempt that is under way, which ends when this aborts; `undefined` while none is. */
  attempt: AbortController | undefined
  /** When the last attempt began, on the broker's clock. */
  sentAt: number
  /** It could not be stored, and why: this attempt is the only one. */
  notStored?: PartylineError
}

/** Messages that are sent one after the other. */
export interface Lane {
  readonly name: string
  /** The oldest first; those that were sent and not acknowledged stand before the others. */
  readonly items: Item[]
  /** There may be more in the database, behind these. */
  hasMore: boolean
  isLoading: boolean
  /** On the broker's clock. */
  notBefore: number
  /** Attempts that have failed in a row. */
  failures: number
  cancelTimer: () => void
}

/**
 * What is to be done for a lane now:
 * - `send` this one
 * - `load` what the database has
 * - `wait` for an acknowledgement, for the time to try again, or for what is being loaded
 * - `done`: nothing waits here
 */
export type LaneStep =
  | { readonly type: 'send'; readonly item: Item }
  | { readonly type: 'load' }
  | { readonly type: 'wait' }
  | { readonly type: 'done' }

export function newLane(name: string, hasMore: boolean): Lane {
  return {
    name,
    items: [],
    hasMore,
    isLoading: false,
    notBefore: 0,
    failures: 0,
    cancelTimer: () => {},
  }
}

/**
 * After a failure those that were sent behind it are waited for: the first to be sent is always the oldest.
 * @param maxUnderWay how many of one lane may be sent and not acknowledged
 */
export function nextStep({ items, hasMore, isLoading, notBefore }: Lane, now: number, maxUnderWay: number): LaneStep {
  if (isLoading || notBefore > now) return { type: 'wait' }
  if (items.length === 0) return hasMore ? { type: 'load' } : { type: 'done' }
  let index = 0
  while (items[index]?.attempt !== undefined) index++
  const next = items[index]
  // No more than so many were ever sent at a time.
  const isBehind = items.slice(index + 1, index + 1 + maxUnderWay).some(({ attempt }) => attempt !== undefined)
  return next === undefined || isBehind || index >= maxUnderWay ? { type: 'wait' } : { type: 'send', item: next }
}
