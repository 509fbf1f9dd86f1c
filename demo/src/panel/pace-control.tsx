import { useHouse } from '../house-context.ts'
import { Segments } from '../lib/segments.tsx'
import { useAction } from '../lib/use-action.ts'

const PACES = [
  { value: '4', label: 'Calm' },
  { value: '40', label: 'Busy' },
  { value: '200', label: 'Rush' },
]

/** How many events a second the house makes; for everybody who is here. */
export function PaceControl({ pacePerSecond }: { readonly pacePerSecond: number | undefined }) {
  const { line } = useHouse()
  const { run } = useAction((perSecond: number) => line.channel('house').request('pace', { perSecond }))
  return (
    <div className="pace">
      <h3>
        Pace of the house <small>{pacePerSecond === undefined ? '' : `about ${pacePerSecond} events/s`}</small>
      </h3>
      <Segments
        label="Pace of the house"
        value={String(pacePerSecond ?? '')}
        options={PACES}
        onChange={value => void run(Number(value))}
      />
    </div>
  )
}
