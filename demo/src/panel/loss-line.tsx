import { useHouse } from '../house-context.ts'
import { AgeOf } from '../lib/age-of.tsx'
import { useStore } from '../lib/use-store.ts'

/** What became of the events around the last break, as the line tells it for the orders. */
export function LossLine() {
  const { continuity } = useHouse()
  const verdict = useStore(continuity).get('orders')
  if (verdict === undefined) return null
  return (
    <p className="loss" data-whole={verdict.isWhole || undefined} role="status">
      Last break: {verdict.text} · <AgeOf at={verdict.at} /> ago
    </p>
  )
}
