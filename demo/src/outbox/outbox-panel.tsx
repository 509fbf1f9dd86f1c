import { useHouse } from '../house-context.ts'
import { useStore } from '../lib/use-store.ts'
import type { Kept } from '../offline/keeping.ts'
import { LetterActions } from './letter-status.tsx'

/** How much of this name's waits in the browser, and how much was refused. */
export function OutboxPanel() {
  const { outbox, keeping } = useHouse()
  const { counts, letters } = useStore(outbox.store)
  const kept = useStore(keeping)
  return (
    <div className="outbox">
      <div className="outbox-counts">
        <h3>Outbox</h3>
        <p>
          <strong data-testid="waiting">{counts.waiting}</strong> waiting
        </p>
        <p data-refused={counts.dead > 0 || undefined}>
          <strong data-testid="refused">{counts.dead}</strong> refused
        </p>
      </div>
      {counts.dead > 0 && <LetterActions letters={letters.filter(({ state }) => state === 'dead')} which="all" />}
      <p className="hint" data-testid="kept">
        {keptText(kept)}
      </p>
    </div>
  )
}

function keptText(kept: Kept): string {
  switch (kept.state) {
    case 'preparing':
      return 'Getting ready to open offline …'
    case 'ready':
    case 'newer':
      return 'Opens offline, too. Refused here: table 17, links.'
    case 'failed':
      return `Does not open offline. ${kept.reason}`
  }
}
