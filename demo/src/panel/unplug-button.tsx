import { useHouse } from '../house-context.ts'
import { useAction } from '../lib/use-action.ts'

/** Lets the server cut its connections, to see the line come back and say what was lost. */
export function UnplugButton() {
  const { line } = useHouse()
  const { pending, run } = useAction(() => line.channel('house').request('unplug'))
  return (
    <button type="button" className="button" disabled={pending} onClick={() => void run()}>
      Pull the plug
    </button>
  )
}
