import { useHouse } from '../house-context.ts'
import { useStore } from '../lib/use-store.ts'
import { Sparkline } from './sparkline.tsx'

/** Rate and latency of this tab's events. */
export function Measures() {
  const { meter } = useHouse()
  const { rates, latencies, p50, p95 } = useStore(meter)
  return (
    <div className="measures">
      <div className="measure">
        <h3>Events a second</h3>
        <p className="measure-value">{rates.at(-1) ?? '–'}</p>
        <Sparkline values={rates} label="Events a second, last minute" />
      </div>
      <div className="measure">
        <h3>Latency (p50)</h3>
        <p className="measure-value">
          {p50 ?? '–'} <small>ms</small> <small className="measure-aside">p95 {p95 ?? '–'} ms</small>
        </p>
        <Sparkline values={latencies} label="Median latency, last minute" />
      </div>
    </div>
  )
}
