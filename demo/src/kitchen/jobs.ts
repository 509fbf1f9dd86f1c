import type { Order, Station, Ticket } from '../model.ts'
import type { OrdersState } from '../orders/orders-state.ts'

/** One ticket on a station's rail, with the order that it belongs to. */
export interface Job {
  readonly order: Order
  readonly ticket: Ticket
}

/** What each station has to do: what cooks already first, then the oldest. */
export function jobsByStation(state: OrdersState): Record<Station, readonly Job[]> {
  const open = [...state.orders.values()].filter(order => order.state !== 'served').toSorted((a, b) => a.id - b.id)
  const jobs = open.flatMap(order => order.tickets.map(ticket => ({ order, ticket })))
  const todo = jobs.filter(({ ticket }) => ticket.state !== 'ready').toSorted(cookingFirst)
  return {
    grill: todo.filter(({ ticket }) => ticket.station === 'grill'),
    cold: todo.filter(({ ticket }) => ticket.station === 'cold'),
    pastry: todo.filter(({ ticket }) => ticket.station === 'pastry'),
    bar: todo.filter(({ ticket }) => ticket.station === 'bar'),
  }
}

function cookingFirst(a: Job, b: Job): number {
  return Number(b.ticket.state === 'cooking') - Number(a.ticket.state === 'cooking')
}
