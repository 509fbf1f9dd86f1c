import { useHouse } from '../house-context.ts'
import { useAction } from '../lib/use-action.ts'
import { useStore } from '../lib/use-store.ts'

/** A newer version of the page was fetched; it is shown when the visitor wants it. */
export function NewerBanner() {
  const kept = useStore(useHouse().keeping)
  const { pending, run } = useAction((apply: () => Promise<void>) => apply())
  if (kept.state !== 'newer') return null
  return (
    <div className="banner" data-tone="calm" role="status">
      <p>There is a newer version of this page.</p>
      <button type="button" className="button small" disabled={pending} onClick={() => void run(kept.apply)}>
        Reload
      </button>
    </div>
  )
}
