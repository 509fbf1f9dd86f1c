import { useHouse } from '../house-context.ts'
import { Segments } from '../lib/segments.tsx'
import { useAction } from '../lib/use-action.ts'
import { useStore } from '../lib/use-store.ts'
import type { Pace } from '../model.ts'
import { lettersFor } from '../outbox/outbox.ts'

const PACES = [
  { value: '4', label: 'Calm' },
  { value: '40', label: 'Busy' },
  { value: '200', label: 'Rush' },
]

/** How many events a second the house makes; for everybody who is here. */
export function PaceControl({ pacePerSecond }: { readonly pacePerSecond: number | undefined }) {
  const { line, outbox } = useHouse()
  const waiting = lettersFor(useStore(outbox.store), 'house:pace', []).findLast(({ state }) => state === 'waiting')
  // Only this control writes there.
  const wanted = waiting && (waiting.body.payload as Pace).perSecond
  const { run } = useAction(choose)

  /** Of several that wait the last one counts. */
  async function choose(perSecond: number): Promise<void> {
    await line.channel('house').publish('pace', { perSecond }, { coalesce: 'pace' })
    await outbox.look()
  }

  return (
    <div className="pace">
      <h3>
        Pace of the house <small>{noteOf(wanted, pacePerSecond)}</small>
      </h3>
      <Segments
        label="Pace of the house"
        value={String(wanted ?? pacePerSecond ?? '')}
        options={PACES}
        onChange={value => void run(Number(value))}
      />
    </div>
  )
}

function noteOf(wanted: number | undefined, pacePerSecond: number | undefined): string {
  if (wanted !== undefined) return 'waiting to be told'
  return pacePerSecond === undefined ? '' : `about ${pacePerSecond} events/s`
}
