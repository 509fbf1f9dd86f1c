import { useMemo, useState } from 'react'
import { useHouse } from '../house-context.ts'
import { capital, count } from '../lib/format.ts'
import { Segments } from '../lib/segments.tsx'
import { useStore } from '../lib/use-store.ts'
import { STATES, type Order, type OrderState } from '../model.ts'
import { lettersFor, type Letter } from '../outbox/outbox.ts'
import { useLineStatus } from '../panel/use-line-status.ts'
import { OrderCard } from './order-card.tsx'
import { OrderForm } from './order-form.tsx'
import { columnsOf } from './orders-state.ts'
import { UnsentOrder } from './unsent-order.tsx'

export function Board() {
  const { orders, outbox } = useHouse()
  const { isDown } = useLineStatus()
  const state = useStore(orders.store)
  const written = useStore(outbox.store)
  const columns = useMemo(() => columnsOf(state), [state])
  const unsent = useMemo(() => lettersFor(written, 'orders:place', [...state.orders.values()]), [written, state])
  const [shown, setShown] = useState<OrderState>('cooking')
  const open = state.orders.size - columns.served.length

  return (
    <section className="board" aria-labelledby="board-title" data-shown={shown}>
      <header className="view-header">
        <div>
          <h2 id="board-title">Orders</h2>
          <p className="view-lead">{state.loaded ? count(open, 'open order') : missingText(isDown)}</p>
        </div>
        <OrderForm menu={state.menu} onPlaced={() => setShown('placed')} />
      </header>
      <Segments
        label="Orders to show"
        className="board-segments"
        value={shown}
        onChange={setShown}
        options={STATES.map(name => ({
          value: name,
          label: capital(name),
          badge: columns[name].length + (name === 'placed' ? unsent.length : 0),
        }))}
      />
      <div className="columns">
        {STATES.map(name => (
          <Column
            key={name}
            name={name}
            unsent={name === 'placed' ? unsent : []}
            orders={columns[name]}
            loaded={state.loaded}
            isDown={isDown}
          />
        ))}
      </div>
    </section>
  )
}

function missingText(isDown: boolean): string {
  return isDown ? 'The order book comes with the network' : 'Fetching the order book'
}

const MAX_CARDS = 14
const NOTHING: Record<OrderState, string> = {
  placed: 'No new orders',
  cooking: 'Nothing on the stove',
  ready: 'Nothing on the pass',
  served: 'Nothing served yet',
}

interface ColumnProps {
  readonly name: OrderState
  readonly unsent: readonly Letter[]
  readonly orders: readonly Order[]
  readonly loaded: boolean
  readonly isDown: boolean
}

function Column({ name, unsent, orders, loaded, isDown }: ColumnProps) {
  const hidden = orders.length - MAX_CARDS
  return (
    <section className="column" data-name={name} aria-labelledby={`column-${name}`} aria-busy={!loaded && !isDown}>
      <h3 id={`column-${name}`} className="column-title">
        {capital(name)} <span className="badge">{unsent.length + orders.length}</span>
      </h3>
      <ul className="cards">
        {unsent.map(letter => (
          <UnsentOrder key={letter.key} letter={letter} />
        ))}
        {orders.slice(0, MAX_CARDS).map(order => (
          <OrderCard key={order.key ?? order.id} order={order} />
        ))}
        {!loaded && !isDown && <Skeletons />}
      </ul>
      {loaded && unsent.length + orders.length === 0 && <p className="empty">{NOTHING[name]}</p>}
      {hidden > 0 && <p className="more">and {hidden} more</p>}
    </section>
  )
}

function Skeletons() {
  return [1, 2, 3].map(key => <li key={key} className="skeleton" aria-hidden="true" />)
}
