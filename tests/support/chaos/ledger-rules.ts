import type { Entry } from '../app/main.ts'

/**
 * What a tab's ledger breaks of what is promised for each subscription: its events come in order and each once, and
 * where some did not arrive the tab was told, before the next one that did. Empty when nothing is broken.
 */
export function brokenPromises(ledger: readonly Entry[]): string[] {
  const channels = new Set(ledger.flatMap(entry => (entry.kind === 'status' ? [] : [entry.channel])))
  return [...channels].flatMap(channel => brokenIn(channel, ledger))
}

function brokenIn(channel: string, ledger: readonly Entry[]): string[] {
  const broken: string[] = []
  let last: number | undefined
  let told = false
  for (const entry of ledger) {
    if (entry.kind === 'continuity' && entry.channel === channel) told ||= entry.continuity.verdict !== 'recovered'
    if (entry.kind !== 'event' || entry.channel !== channel) continue
    if (last !== undefined && entry.n <= last) broken.push(`${channel}: ${entry.n} after ${last}`)
    if (last !== undefined && entry.n > last + 1 && !told)
      broken.push(`${channel}: silence between ${last} and ${entry.n}`)
    last = entry.n
    told = false
  }
  return broken
}

export interface Counts {
  readonly arrived: number
  /** Events that did not arrive, of which the tab was told. */
  readonly missed: number
  readonly recovered: number
  readonly gap: number
  readonly unknown: number
}

export function countsOf(ledger: readonly Entry[]): Counts {
  const counts = { arrived: 0, missed: 0, recovered: 0, gap: 0, unknown: 0 }
  const last = new Map<string, number>()
  for (const entry of ledger) {
    if (entry.kind === 'continuity') counts[entry.continuity.verdict]++
    if (entry.kind !== 'event') continue
    counts.arrived++
    counts.missed += entry.n - (last.get(entry.channel) ?? entry.n - 1) - 1
    last.set(entry.channel, entry.n)
  }
  return counts
}
