import { expect } from 'vitest'
import type { Stats } from 'partyline'
import type { Entry } from '../app/main.ts'
import { numbersIn } from '../e2e/tab.ts'
import type { Tab } from './engine.ts'

/** A tab on the page of tests/support/app. */
export interface AppTab extends Tab {
  /** Resolves when the page's channel is joined at the server. */
  joined(): Promise<void>
  /** Resolves when the page has handled event `n`. */
  reached(n: number): Promise<void>
  ledger(): Promise<Entry[]>
  /** Of the events, in the order in which the page handled them. */
  numbers(): Promise<number[]>
  stats(): Promise<Stats>
}

// Everything is asked from here: a hidden page runs few of its own timers.
export function appTab(tab: Tab): AppTab {
  const ledger = () => tab.evaluate(() => window.ledger)
  return {
    ...tab,
    ledger,
    joined: () => expect.poll(() => tab.evaluate(() => window.line.channel('orders').state)).toBe('joined'),
    reached: n =>
      expect.poll(() => tab.evaluate(() => window.ledger.findLast(entry => entry.kind === 'event')?.n)).toBe(n),
    numbers: async () => numbersIn(await ledger()),
    stats: () => tab.evaluate(() => window.line.stats()),
  }
}

/** How many tabs the broker of this one has. */
export async function attachedTo(tab: AppTab): Promise<number> {
  return (await tab.stats()).sessions.attached
}

/** What {@link SocketIoServer.tick} counts up to, so far. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}

/** Where a channel's events do not follow each other and the page was not told so. Empty is what is promised. */
export function untoldLosses(ledger: readonly Entry[]): string[] {
  const untold: string[] = []
  let last: number | undefined
  for (const entry of ledger) {
    if (entry.kind === 'continuity' && entry.continuity.verdict !== 'recovered') last = undefined
    if (entry.kind !== 'event') continue
    if (last !== undefined && entry.n !== last + 1) untold.push(`${entry.n} after ${last}`)
    last = entry.n
  }
  return untold
}
