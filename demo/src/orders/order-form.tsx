import { useRef, useState, type FormEvent } from 'react'
import { useHouse } from '../house-context.ts'
import { capital } from '../lib/format.ts'
import { useAction } from '../lib/use-action.ts'
import { STATIONS, type Dish, type Item, type NewOrder } from '../model.ts'
import { DishStepper } from './dish-stepper.tsx'

const MAX_TABLES = 40
const MAX_NOTE = 80

interface OrderFormProps {
  readonly menu: readonly Dish[]
  readonly onPlaced: () => void
}

export function OrderForm({ menu, onPlaced }: OrderFormProps) {
  const { orders, outbox } = useHouse()
  const dialog = useRef<HTMLDialogElement>(null)
  const [counts, setCounts] = useState<ReadonlyMap<string, number>>(new Map())
  const { pending, run } = useAction(orders.place)
  const items = itemsOf(counts)

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget
    if (!(await run(orderFrom(new FormData(form), items)))) return
    form.reset()
    setCounts(new Map())
    dialog.current?.close()
    onPlaced()
    await outbox.look()
  }

  return (
    <>
      <button
        type="button"
        className="button primary"
        disabled={menu.length === 0}
        onClick={() => dialog.current?.showModal()}
      >
        New order
      </button>
      <dialog ref={dialog} className="dialog wide" aria-labelledby="order-title">
        <form className="dialog-form" onSubmit={event => void submit(event)}>
          <h2 id="order-title">New order</h2>
          <div className="field-row">
            <label className="field narrow">
              Table
              <input
                name="table"
                type="number"
                min={1}
                max={MAX_TABLES}
                defaultValue={7}
                required
                inputMode="numeric"
              />
            </label>
            <label className="field">
              Note
              <input name="note" maxLength={MAX_NOTE} placeholder="No onions, …" autoComplete="off" />
            </label>
          </div>
          <div className="menu">
            {STATIONS.map(station => (
              <fieldset key={station} className="menu-station">
                <legend>{capital(station)}</legend>
                {menu
                  .filter(dish => dish.station === station)
                  .map(dish => (
                    <DishStepper
                      key={dish.id}
                      name={dish.name}
                      count={counts.get(dish.id) ?? 0}
                      onChange={count => setCounts(new Map(counts).set(dish.id, count))}
                    />
                  ))}
              </fieldset>
            ))}
          </div>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button primary" disabled={pending || items.length === 0}>
              {pending ? 'Sending…' : 'Send to the kitchen'}
            </button>
          </div>
        </form>
      </dialog>
    </>
  )
}

function itemsOf(counts: ReadonlyMap<string, number>): readonly Item[] {
  return [...counts].filter(([, count]) => count > 0).map(([dish, count]) => ({ dish, count }))
}

function orderFrom(form: FormData, items: readonly Item[]): NewOrder {
  const note = form.get('note')
  return { table: Number(form.get('table')), note: typeof note === 'string' ? note : '', items }
}
