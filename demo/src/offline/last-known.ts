import type { AppLine } from '../line.ts'
import { createStore, type Store } from '../lib/store.ts'

/** Of when it is what is shown while the line is down, in milliseconds since 1970; `undefined` where nothing is known. */
export interface LastKnown extends Store<number | undefined> {
  /** What was kept is shown, of then. */
  readonly kept: (at: number) => void
}

/** A tab that has had the line knows everything up to its end; another has what was kept, the oldest of it counts. */
export function watchLastKnown(line: AppLine, signal: AbortSignal): LastKnown {
  const store = createStore<number | undefined>(undefined)
  line.on(
    'status',
    ({ previous }) => {
      if (previous === 'open') store.update(() => Date.now())
    },
    { signal },
  )
  return { ...store, kept: at => store.update(known => Math.min(known ?? at, at)) }
}
