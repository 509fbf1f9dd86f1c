import { memo } from 'react'
import { useHouse } from '../house-context.ts'
import { AgeOf } from '../lib/age-of.tsx'
import { useAction } from '../lib/use-action.ts'
import type { Order, Ticket } from '../model.ts'
import { useLineStatus } from '../panel/use-line-status.ts'
import type { Job } from './jobs.ts'

export const TicketCard = memo(
  function TicketCard({ order, ticket }: Job) {
    return (
      <li className="ticket" data-state={ticket.state}>
        <div className="card-head">
          <strong className="table">
            <small>Table</small> {order.table}
          </strong>
          <span className="card-meta">#{order.id}</span>
          <AgeOf at={order.placedAt} />
        </div>
        <ul className="ticket-items">
          {ticket.items.map(({ dish, count }) => (
            <li key={dish}>
              <span className="ticket-count">{count}×</span> {dish}
            </li>
          ))}
        </ul>
        {order.note !== '' && <p className="note">{order.note}</p>}
        <span className="bar" style={{ '--done': ticket.progress }} aria-hidden="true" />
        <BumpButton order={order} ticket={ticket} />
      </li>
    )
  },
  // A ticket is not concerned by what the order's other stations do.
  (before, after) => before.order.id === after.order.id && sameTicket(before.ticket, after.ticket),
)

function sameTicket(a: Ticket, b: Ticket): boolean {
  return a.state === b.state && a.progress === b.progress
}

function BumpButton({ order, ticket }: { readonly order: Order; readonly ticket: Ticket }) {
  const { orders } = useHouse()
  const { isDown } = useLineStatus()
  const { pending, run } = useAction(orders.bump)
  const label = ticket.state === 'waiting' ? 'Start' : 'Ready'
  return (
    <button
      type="button"
      className={`button small ${ticket.state === 'cooking' ? 'tinted' : ''}`}
      disabled={pending || isDown}
      title={isDown ? 'Needs the line: somebody else may be quicker' : undefined}
      aria-label={`${label}: order ${order.id}`}
      onClick={() => void run({ id: order.id, station: ticket.station, from: ticket.state })}
    >
      {pending ? 'Asking…' : label}
    </button>
  )
}
