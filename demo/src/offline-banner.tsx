import { useHouse } from './house-context.ts'
import { useLineStatus } from './panel/use-line-status.ts'

const TEXTS = {
  offline: 'The line is down. What you see may be old; it comes back by itself.',
  blocked: 'The line gave up for now. What you see may be old.',
  closed: 'The line is closed. Reload the page to get a new one.',
}

export function OfflineBanner() {
  const { line } = useHouse()
  const { status } = useLineStatus()
  if (status !== 'offline' && status !== 'blocked' && status !== 'closed') return null
  return (
    <div className="banner" role="status">
      <p>{TEXTS[status]}</p>
      {status !== 'closed' && (
        <button type="button" className="button small" onClick={() => line.reconnect()}>
          Try now
        </button>
      )}
    </div>
  )
}
