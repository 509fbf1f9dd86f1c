import { useHouse } from '../house-context.ts'
import { count } from '../lib/format.ts'
import { useStore } from '../lib/use-store.ts'
import { OutboxPanel } from '../outbox/outbox-panel.tsx'
import { transport } from '../transport/transport.ts'
import { LineDiagram } from './line-diagram.tsx'
import { LossLine } from './loss-line.tsx'
import { Measures } from './measures.tsx'
import { PaceControl } from './pace-control.tsx'
import { TabsButton } from './tabs-button.tsx'
import { useLineStatus } from './use-line-status.ts'
import { useStats } from './use-stats.ts'

export function LinePanel() {
  const house = useHouse()
  const stats = useStats()
  const counts = useStore(house.counts)
  const { status } = useLineStatus()
  const tabs = stats?.sessions.attached
  const connections = status === 'open' ? counts?.connections : undefined

  return (
    <section className="panel line-panel" aria-labelledby="line-title">
      <header className="panel-header">
        <h2 id="line-title">The line</h2>
        <p className="hint">{stats === undefined ? 'attaching…' : `${transport.label} in a SharedWorker`}</p>
      </header>
      <div className="figures">
        <p className="figure" data-name="tabs">
          <strong data-testid="tabs">{tabs ?? '–'}</strong> {tabs === 1 ? 'tab attached' : 'tabs attached'}
        </p>
        <LineDiagram tabs={tabs ?? 1} status={status} />
        <p className="figure" data-name="connections">
          <strong data-testid="connections">{connections ?? '–'}</strong>{' '}
          {connections === 1 ? 'connection' : 'connections'} at the server
        </p>
      </div>
      <p className="saving">{savingText(tabs ?? 1, connections)}</p>
      <OutboxPanel />
      <Measures />
      <PaceControl pacePerSecond={counts?.pacePerSecond} />
      <div className="panel-actions">
        <TabsButton />
      </div>
      <LossLine />
    </section>
  )
}

/** The server counts all browsers; this browser's tabs are all that is known here. */
function savingText(tabs: number, connections: number | undefined): string {
  if (tabs === 1) return 'Open more tabs: the server’s count stays where it is.'
  const others =
    connections === undefined || connections <= 1
      ? ''
      : ` (it counts ${connections - 1} of other browsers or scopes too)`
  return `Without Partyline these ${count(tabs, 'tab')} would be ${tabs} connections to the server. They are one${others}.`
}
