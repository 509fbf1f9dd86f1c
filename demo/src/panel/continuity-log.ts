import type { AppLine } from '../line.ts'
import { createStore, type Store } from '../lib/store.ts'

export interface Verdict {
  readonly text: string
  readonly isWhole: boolean
  readonly at: number
}

/** The last thing that the line said about loss, by channel. */
export type ContinuityLog = Store<ReadonlyMap<string, Verdict>>

export function watchContinuity(line: AppLine, signal: AbortSignal): ContinuityLog {
  const store = createStore<ReadonlyMap<string, Verdict>>(new Map())
  for (const name of ['orders', 'floor', 'house'] as const)
    line.channel(name).onContinuity(
      continuity => {
        const verdict = { text: textOf(continuity), isWhole: continuity.verdict === 'recovered', at: Date.now() }
        store.update(log => new Map(log).set(name, verdict))
      },
      { signal },
    )
  return store
}

function textOf(continuity: { readonly verdict: 'recovered' | 'gap' | 'unknown'; readonly missed?: number }): string {
  switch (continuity.verdict) {
    case 'recovered':
      return 'nothing is missing'
    case 'gap':
      return `${continuity.missed ?? 'some'} events missed, fetched anew`
    case 'unknown':
      return 'cannot tell, fetched anew'
  }
}
