import { transport } from '../transport/transport.ts'
import { useLineStatus } from './use-line-status.ts'

export function StatusPill() {
  const { status, reason } = useLineStatus()
  return (
    <p
      className="pill"
      data-status={status}
      role="status"
      title={reason === undefined ? undefined : `Reason: ${reason}`}
    >
      <span className="visually-hidden">The line over </span>
      <span className="pill-transport">{transport.label}</span>
      <span className="visually-hidden"> is </span>
      <span className="pill-status">{status}</span>
      {reason !== undefined && status !== 'open' && (
        <span className="pill-reason"> · {reason.replaceAll('-', ' ')}</span>
      )}
    </p>
  )
}
