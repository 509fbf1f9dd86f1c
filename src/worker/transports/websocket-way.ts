/** Which way to connect next: over a socket, or over requests where sockets do not get through. Pure. */
import type { CauseKind } from '../upstream/transport.ts'

export type Way = 'socket' | 'events'

export interface WayState {
  /** Attempts at a socket that came to nothing since the last one that worked. */
  readonly failures: number
  /** The way that worked last. */
  readonly last: Way
}

export const INITIAL_WAY: WayState = { failures: 0, last: 'socket' }

/**
 * The ways to try in one attempt to connect, the next where one before it did not get through.
 * @param failures how many attempts at a socket must fail before another way is tried
 */
export function waysToTry(state: WayState, failures: number): readonly Way[] {
  if (state.last === 'events') return ['events', 'socket']
  return state.failures + 1 >= failures ? ['socket', 'events'] : ['socket']
}

export function worked(way: Way, state: WayState): WayState {
  return way === 'socket' ? INITIAL_WAY : { ...state, last: 'events' }
}

/** Where requests do not get through either, nothing is known of sockets. */
export function failed(way: Way, state: WayState): WayState {
  return way === 'socket' ? { ...state, failures: state.failures + 1 } : { ...state, last: 'socket' }
}

/** The server was not reached: what it says itself holds for every way. */
export function isInTheWay(kind: CauseKind): boolean {
  return kind === 'network'
}
