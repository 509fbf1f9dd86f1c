import {
  connect,
  type ConnectOptions,
  type Continuity,
  type Credentials,
  type Line,
  type StatusChange,
} from 'partyline'
import { becomeBrowserFor } from './older-browser.ts'

/** What one tab saw, in order, for tests to read. Of an event only its number is kept, so that a flood costs little. */
export type Entry =
  | { readonly kind: 'event'; readonly channel: string; readonly event: string; readonly n: number }
  | { readonly kind: 'continuity'; readonly channel: string; readonly continuity: Continuity }
  | { readonly kind: 'status'; readonly change: StatusChange; readonly at: number }

declare global {
  interface Window {
    line: Line
    ledger: Entry[]
    /** A test's own; without it the page has no credentials to give. */
    giveCredentials?: () => Promise<Credentials>
  }
}

const query = new URLSearchParams(location.search)

const deploys: Readonly<Record<string, ConnectOptions['worker']>> = {
  first: options => new SharedWorker(new URL('./app.worker.ts', import.meta.url), { ...options, type: 'module' }),
  next: options => new SharedWorker(new URL('./next-app.worker.ts', import.meta.url), { ...options, type: 'module' }),
}

becomeBrowserFor(query.get('host') ?? 'shared')

const { giveCredentials } = window

window.line = connect({
  worker: deploys[query.get('deploy') ?? 'first'] ?? fail,
  scope: `${query.get('scope') ?? 'ann'}@${query.get('server') ?? ''}`,
  ...(giveCredentials === undefined ? {} : { credentials: () => giveCredentials() }),
})
window.ledger = []

window.line.on('status', change => window.ledger.push({ kind: 'status', change, at: performance.now() }))
for (const name of (query.get('channels') ?? 'orders').split(',')) {
  const channel = window.line.channel(name)
  channel.onAny((payload, { event }) => {
    window.ledger.push({ kind: 'event', channel: name, event, n: (payload as { n: number }).n })
  })
  channel.onContinuity(continuity => window.ledger.push({ kind: 'continuity', channel: name, continuity }))
}

function fail(): never {
  throw new Error('there is no such deploy')
}
