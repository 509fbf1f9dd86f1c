import { connect, type Continuity, type Line, type StatusChange } from 'partyline'

/** What one tab saw, in order, for tests to read. */
export interface Ledger {
  readonly entries: (
    | { readonly kind: 'event'; readonly channel: string; readonly event: string; readonly payload: unknown }
    | { readonly kind: 'continuity'; readonly channel: string; readonly continuity: Continuity }
    | { readonly kind: 'status'; readonly change: StatusChange }
  )[]
}

declare global {
  interface Window {
    line: Line
    ledger: Ledger
  }
}

const query = new URLSearchParams(location.search)

window.line = connect({
  worker: options => new SharedWorker(new URL('./app.worker.ts', import.meta.url), { ...options, type: 'module' }),
  scope: `${query.get('scope') ?? 'ann'}@${query.get('server') ?? ''}`,
})
window.ledger = { entries: [] }

const { entries } = window.ledger
window.line.on('status', change => entries.push({ kind: 'status', change }))
for (const name of (query.get('channels') ?? 'orders').split(',')) {
  const channel = window.line.channel(name)
  channel.onAny((payload, { event }) => entries.push({ kind: 'event', channel: name, event, payload }))
  channel.onContinuity(continuity => entries.push({ kind: 'continuity', channel: name, continuity }))
}
