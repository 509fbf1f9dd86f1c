import type { Session } from '../sessions/session.ts'

type Taker = Pick<Session, 'visible' | 'frozen' | 'suspendedAt' | 'focusedAt' | 'attachedAt'>

/** Who gets what exactly one tab is to get: of the visible tabs the one that had the focus last, else one that runs. */
export function preferredTaker<T extends Taker>(takers: Iterable<T>): T | undefined {
  let best: T | undefined
  for (const taker of takers) if (best === undefined || compare(taker, best) > 0) best = taker
  return best
}

function compare(a: Taker, b: Taker): number {
  return wakefulness(a) - wakefulness(b) || a.focusedAt - b.focusedAt || a.attachedAt - b.attachedAt
}

export function isAwake({ frozen, suspendedAt }: Taker): boolean {
  return !frozen && suspendedAt === undefined
}

function wakefulness(taker: Taker): number {
  if (!isAwake(taker)) return 0
  return taker.visible ? 2 : 1
}
