import { useHouse } from '../house-context.ts'
import { AgeOf } from '../lib/age-of.tsx'
import { clock } from '../lib/format.ts'
import { useAction } from '../lib/use-action.ts'
import { useStore } from '../lib/use-store.ts'
import { turnNetwork, useIsCut } from '../network/network.ts'
import { useLineStatus } from '../panel/use-line-status.ts'

/** That the line is down, of when it is what is shown, and how to get the line back. */
export function OfflineBanner() {
  const { line } = useHouse()
  const { status, isDown } = useLineStatus()
  const isCut = useIsCut()
  if (status === 'closed') return <ClosedBanner />
  if (!isDown && !isCut) return null
  return (
    <div className="banner" role="status">
      <p>
        <strong>{titleOf(isCut, status)}</strong> <LastKnownText />
      </p>
      {isCut ? (
        <RestoreButton />
      ) : (
        <button type="button" className="button small" onClick={() => line.reconnect()}>
          Try now
        </button>
      )}
    </div>
  )
}

function titleOf(isCut: boolean, status: string): string {
  if (isCut) return 'The network is cut.'
  return status === 'blocked' ? 'The line gave up for now.' : 'The line is down.'
}

function LastKnownText() {
  const { lastKnown } = useHouse()
  const at = useStore(lastKnown)
  if (at === undefined) return 'Nothing is kept here yet for this name.'
  return (
    <>
      This is the last known state, of {clock(at)} (<AgeOf at={at} /> ago).
      <span className="banner-aside"> What you write waits here.</span>
    </>
  )
}

function RestoreButton() {
  const { pending, run } = useAction(turnNetwork)
  return (
    <button type="button" className="button small" disabled={pending} onClick={() => void run(false)}>
      Restore it
    </button>
  )
}

function ClosedBanner() {
  return (
    <div className="banner" role="status">
      <p>The line is closed. Reload the page to get a new one.</p>
    </div>
  )
}
