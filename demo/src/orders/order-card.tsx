import { memo } from 'react'
import { useHouse } from '../house-context.ts'
import { AgeOf } from '../lib/age-of.tsx'
import { capital } from '../lib/format.ts'
import { useAction } from '../lib/use-action.ts'
import type { Item, Order, Ticket } from '../model.ts'
import { DeliveryMark } from '../outbox/delivery-mark.tsx'
import { useLineStatus } from '../panel/use-line-status.ts'

/** A change makes a new order object, so that only its own card renders again. */
export const OrderCard = memo(function OrderCard({ order }: { readonly order: Order }) {
  const { name } = useHouse()
  return (
    <li className="card" data-mine={order.placedBy === name || undefined}>
      <div className="card-head">
        <strong className="table">
          <small>Table</small> {order.table}
        </strong>
        <span className="card-meta">
          #{order.id} · {order.placedBy}
        </span>
        {order.state !== 'served' && <AgeOf at={order.placedAt} />}
      </div>
      <p className="dishes">{order.tickets.flatMap(ticket => ticket.items.map(dishText)).join(', ')}</p>
      {order.note !== '' && <p className="note">{order.note}</p>}
      {order.state === 'placed' && order.placedBy === name && <DeliveryMark delivery="sent" />}
      {order.state === 'cooking' && <Progress tickets={order.tickets} />}
      {order.state === 'ready' && <ServeButton id={order.id} />}
    </li>
  )
})

function dishText({ dish, count }: Item): string {
  return count === 1 ? dish : `${count} ${dish}`
}

function Progress({ tickets }: { readonly tickets: readonly Ticket[] }) {
  return (
    <ul className="stations">
      {tickets.map(({ station, state, progress }) => (
        <li key={station} data-state={state}>
          <span className="bar" style={{ '--done': progress }} />
          {capital(station)}
          <span className="visually-hidden">: {state}</span>
        </li>
      ))}
    </ul>
  )
}

function ServeButton({ id }: { readonly id: number }) {
  const { orders } = useHouse()
  const { isDown } = useLineStatus()
  const { pending, run } = useAction(orders.serve)
  return (
    <button
      type="button"
      className="button small tinted"
      disabled={pending || isDown}
      title={isDown ? 'Needs the line: somebody else may have served it' : undefined}
      onClick={() => void run(id)}
    >
      {pending ? 'Serving…' : 'Serve'}
    </button>
  )
}
