import { useAction } from '../lib/use-action.ts'
import { turnNetwork, useIsCut } from './network.ts'

export function NetworkSwitch() {
  const isCut = useIsCut()
  const { pending, run } = useAction(turnNetwork)
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isCut}
      className="network-switch"
      title="Cuts the network of all tabs and workers of this browser"
      disabled={pending}
      onClick={() => void run(!isCut)}
    >
      <span className="knob" aria-hidden="true" />
      <svg viewBox="0 0 24 24" className="icon" aria-hidden="true">
        <path d="M3 9a13 13 0 0 1 18 0M6.5 12.8a8 8 0 0 1 11 0M10 16.5a3 3 0 0 1 4 0M12 19.5v.01M4 3l16 18" />
      </svg>
      <span className="network-switch-text">Cut the network</span>
    </button>
  )
}
