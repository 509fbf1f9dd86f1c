import type { Channel } from 'partyline'
import type { AppEvents } from '../events.ts'
import { keepFresh, type Reading } from '../lib/keep-fresh.ts'
import { read } from '../lib/request.ts'
import { createStore, type Store } from '../lib/store.ts'
import type { Bump, Menu, NewOrder, OrdersSnapshot } from '../model.ts'
import type { LastKnown } from '../offline/last-known.ts'
import { NO_ORDERS, withOrder, withSnapshot, type OrdersState } from './orders-state.ts'

export interface Orders {
  readonly store: Store<OrdersState>
  /** Resolves when the order is stored in this browser: it is sent now, or when there is a line again. */
  readonly place: (order: NewOrder) => Promise<unknown>
  readonly bump: (bump: Bump) => Promise<unknown>
  readonly serve: (id: number) => Promise<unknown>
}

export function createOrders(channel: Channel<AppEvents['orders']>, lastKnown: LastKnown, signal: AbortSignal): Orders {
  const store = createStore(NO_ORDERS)
  let service: string | undefined

  async function fetchMenu(): Promise<void> {
    const { menu } = (await read<Menu>('/api/menu', signal)).body
    store.update(state => ({ ...state, menu }))
  }

  async function fetch(): Promise<Reading> {
    // Each for itself: the menu is the same for everybody, so it may be kept where the orders are not.
    void fetchMenu().catch(() => {})
    const { body: snapshot, keptAt } = await read<OrdersSnapshot>('/api/orders', signal)
    // What is kept is older than what a tab has seen itself.
    if (keptAt !== undefined && service !== undefined) return 'kept'
    const isSameService = service === undefined || service === snapshot.service
    service = snapshot.service
    store.update(state => withSnapshot(state, snapshot, isSameService))
    if (keptAt === undefined) return 'present'
    lastKnown.kept(keptAt)
    return 'kept'
  }

  channel.on('created', order => store.update(state => withOrder(state, order)), { signal })
  channel.on('changed', order => store.update(state => withOrder(state, order)), { signal })
  keepFresh(channel, fetch, signal)
  return {
    store,
    place: order => channel.publish('place', order),
    bump: bump => channel.request('bump', bump),
    serve: id => channel.request('serve', { id }),
  }
}
