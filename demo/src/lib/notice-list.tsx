import { dismiss, notices } from './notices.ts'
import { useStore } from './use-store.ts'

export function NoticeList() {
  const shown = useStore(notices)
  return (
    <div className="notices" role="status" aria-live="polite">
      {shown.map(({ id, text }) => (
        <p key={id} className="notice">
          {text}
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  )
}
