import { useMemo } from 'react'
import { useHouse } from '../house-context.ts'
import { capital, count } from '../lib/format.ts'
import { Segments } from '../lib/segments.tsx'
import { useStore } from '../lib/use-store.ts'
import { STATIONS, type Station } from '../model.ts'
import { jobsByStation, type Job } from './jobs.ts'
import { TicketCard } from './ticket-card.tsx'

/** All stations, or the screen of one. */
export function Kitchen({ station }: { readonly station: Station | undefined }) {
  const { orders } = useHouse()
  const state = useStore(orders.store)
  const jobs = useMemo(() => jobsByStation(state), [state])
  const shown: readonly Station[] = station === undefined ? STATIONS : [station]
  const total = shown.reduce((sum, name) => sum + jobs[name].length, 0)

  return (
    <section className="kitchen" aria-labelledby="kitchen-title" data-single={station !== undefined || undefined}>
      <header className="view-header">
        <div>
          <h2 id="kitchen-title">{station === undefined ? 'Kitchen' : capital(station)}</h2>
          <p className="view-lead">{state.loaded ? count(total, 'ticket') : 'Fetching the tickets'}</p>
        </div>
        <StationPicker station={station} jobs={jobs} />
      </header>
      <div className="columns">
        {shown.map(name => (
          <Rail
            key={name}
            station={name}
            jobs={jobs[name]}
            loaded={state.loaded}
            max={station === undefined ? 10 : 30}
          />
        ))}
      </div>
    </section>
  )
}

interface StationPickerProps {
  readonly station: Station | undefined
  readonly jobs: Record<Station, readonly Job[]>
}

function StationPicker({ station, jobs }: StationPickerProps) {
  return (
    <Segments
      label="Station"
      className="station-segments"
      value={station ?? 'all'}
      onChange={value => (location.hash = value === 'all' ? 'kitchen' : `kitchen/${value}`)}
      options={[
        { value: 'all', label: 'All' },
        ...STATIONS.map(name => ({ value: name, label: capital(name), badge: jobs[name].length })),
      ]}
    />
  )
}

interface RailProps {
  readonly station: Station
  readonly jobs: readonly Job[]
  readonly loaded: boolean
  readonly max: number
}

function Rail({ station, jobs, loaded, max }: RailProps) {
  return (
    <section className="column rail" data-name={station} aria-labelledby={`rail-${station}`} aria-busy={!loaded}>
      <h3 id={`rail-${station}`} className="column-title">
        {capital(station)} <span className="badge">{jobs.length}</span>
      </h3>
      <ul className="cards">
        {jobs.slice(0, max).map(({ order, ticket }) => (
          <TicketCard key={order.id} order={order} ticket={ticket} />
        ))}
      </ul>
      {loaded && jobs.length === 0 && <p className="empty">Clean. Nothing to do</p>}
      {jobs.length > max && <p className="more">and {jobs.length - max} more</p>}
    </section>
  )
}
