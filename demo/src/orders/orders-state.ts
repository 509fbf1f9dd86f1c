import type { Dish, Order, OrdersSnapshot, OrderState } from '../model.ts'

/** The orders as this tab knows them. Every function here may be given the same event twice, or late. */
export interface OrdersState {
  /** False until the first snapshot. */
  readonly loaded: boolean
  /** Empty until it is read. */
  readonly menu: readonly Dish[]
  readonly orders: ReadonlyMap<number, Order>
}

/** As many as the server keeps; it bounds the open ones itself. */
const MAX_SERVED = 24

export const NO_ORDERS: OrdersState = { loaded: false, menu: [], orders: new Map() }

/** An older version than the known one changes nothing. */
export function withOrder(state: OrdersState, order: Order): OrdersState {
  const known = state.orders.get(order.id)
  if (known !== undefined && known.version >= order.version) return state
  const orders = new Map(state.orders).set(order.id, order)
  if (order.state === 'served') forgetOldest(orders)
  return { ...state, orders }
}

/** The snapshot counts, except for what has changed since it was taken. */
export function withSnapshot(state: OrdersState, snapshot: OrdersSnapshot, isSameService: boolean): OrdersState {
  const orders = new Map(snapshot.orders.map(order => [order.id, order]))
  const newer = isSameService ? [...state.orders.values()].filter(order => order.version > snapshot.version) : []
  for (const order of newer) orders.set(order.id, order)
  return { ...state, loaded: true, orders }
}

/** Open orders oldest first, served ones latest first. */
export function columnsOf(state: OrdersState): Record<OrderState, readonly Order[]> {
  const all = [...state.orders.values()].toSorted((a, b) => a.id - b.id)
  return {
    placed: all.filter(order => order.state === 'placed'),
    cooking: all.filter(order => order.state === 'cooking'),
    ready: all.filter(order => order.state === 'ready'),
    served: all.filter(order => order.state === 'served').toSorted((a, b) => b.version - a.version),
  }
}

function forgetOldest(orders: Map<number, Order>): void {
  const served = [...orders.values()].filter(order => order.state === 'served')
  if (served.length <= MAX_SERVED) return
  const oldest = served.reduce((a, b) => (a.version < b.version ? a : b))
  orders.delete(oldest.id)
}
