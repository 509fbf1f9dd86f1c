import type { LineOutbox, OutboxCounts, OutboxEntry } from 'partyline'
import { createStore, type Store } from '../lib/store.ts'

/** A message of this name's outbox, of whichever tab, also from before. */
export type Letter = OutboxEntry & { readonly body: { readonly kind: 'message' } }

export interface OutboxState {
  readonly counts: Pick<OutboxCounts, 'waiting' | 'dead'>
  /** In the order in which they were written: those that wait, and those that were refused. */
  readonly letters: readonly Letter[]
}

export interface Outbox {
  readonly store: Store<OutboxState>
  /** Shows what was written just now. */
  readonly look: () => Promise<void>
  readonly sendAgain: (letters: readonly Letter[]) => Promise<void>
  readonly discard: (letters: readonly Letter[]) => Promise<void>
}

const EMPTY: OutboxState = { counts: { waiting: 0, dead: 0 }, letters: [] }
const MAX_LISTED = 1_000
const RETRY_MS = 1_000

export function watchOutbox(outbox: LineOutbox, signal: AbortSignal): Outbox {
  const store = createStore(EMPTY)
  let isLooking = false
  let isStale = false

  async function look(): Promise<void> {
    isStale = true
    if (isLooking) return
    isLooking = true
    while (isStale && !signal.aborted) {
      isStale = false
      await list().catch(later)
    }
    isLooking = false
  }

  async function list(): Promise<void> {
    const counts = await outbox.counts()
    // Where nothing can be stored there is nothing to list.
    if (counts.storage !== 'ready') return
    const [waiting, dead] = await Promise.all([
      outbox.list({ count: MAX_LISTED }),
      outbox.list({ state: 'dead', count: MAX_LISTED }),
    ])
    const letters = [...waiting, ...dead].filter(isLetter).toSorted((a, b) => a.seq - b.seq)
    store.update(() => ({ counts, letters }))
  }

  /** There is no broker just now. */
  function later(): void {
    if (!signal.aborted) setTimeout(look, RETRY_MS)
  }

  outbox.onChange(() => void look(), { signal })
  return {
    store,
    look,
    async sendAgain(letters) {
      await outbox.retry(...letters.map(({ key }) => key))
      await look()
    },
    async discard(letters) {
      await outbox.drop(...letters.map(({ key }) => key))
      await look()
    },
  }
}

/** Those of one event that are not shown as arrived, in the order in which they were written. */
export function lettersFor(
  { letters }: OutboxState,
  wanted: `${string}:${string}`,
  arrived: readonly { readonly key?: string | undefined }[],
): readonly Letter[] {
  const keys = new Set(arrived.map(({ key }) => key))
  return letters.filter(({ key, body }) => `${body.channel}:${body.event}` === wanted && !keys.has(key))
}

function isLetter(entry: OutboxEntry): entry is Letter {
  return entry.body.kind === 'message'
}
