import { useHouse } from '../house-context.ts'
import { AgeOf } from '../lib/age-of.tsx'
import { useStore } from '../lib/use-store.ts'
import type { Dish, NewOrder } from '../model.ts'
import { LetterStatus } from '../outbox/letter-status.tsx'
import type { Letter } from '../outbox/outbox.ts'

/** An order that the house does not have yet, or will not have. */
export function UnsentOrder({ letter }: { readonly letter: Letter }) {
  const { name, orders } = useHouse()
  const { menu } = useStore(orders.store)
  // Only this page's forms write there.
  const { table, items, note } = letter.body.payload as NewOrder
  return (
    <li className="card" data-mine data-unsent={letter.state}>
      <div className="card-head">
        <strong className="table">
          <small>Table</small> {table}
        </strong>
        <span className="card-meta">{name}</span>
        <AgeOf at={letter.createdAt} />
      </div>
      <p className="dishes">
        {items.map(({ dish, count }) => `${count > 1 ? `${count} ` : ''}${nameOf(menu, dish)}`).join(', ')}
      </p>
      {note !== '' && <p className="note">{note}</p>}
      <LetterStatus letter={letter} />
    </li>
  )
}

function nameOf(menu: readonly Dish[], id: string): string {
  return menu.find(dish => dish.id === id)?.name ?? id
}
