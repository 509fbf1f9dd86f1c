import type { AppLine } from '../line.ts'
import { createStore, type Store } from '../lib/store.ts'
import type { Counts } from '../model.ts'

export type CountsStore = Store<Counts | undefined>

/** What the server says about itself, every second. */
export function watchCounts(line: AppLine, signal: AbortSignal): CountsStore {
  const store = createStore<Counts | undefined>(undefined)
  line.channel('house').on('counts', counts => store.update(() => counts), { signal })
  return store
}
