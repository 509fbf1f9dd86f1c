import type { Channel } from 'partyline'
import type { AppEvents } from '../events.ts'
import { keepFresh } from '../lib/keep-fresh.ts'
import { createStore, type Store } from '../lib/store.ts'
import type { Bump, NewOrder } from '../model.ts'
import { NO_ORDERS, withOrder, withSnapshot, type OrdersState } from './orders-state.ts'

export interface Orders {
  readonly store: Store<OrdersState>
  readonly place: (order: NewOrder) => Promise<unknown>
  readonly bump: (bump: Bump) => Promise<unknown>
  readonly serve: (id: number) => Promise<unknown>
}

export function createOrders(channel: Channel<AppEvents['orders']>, signal: AbortSignal): Orders {
  const store = createStore(NO_ORDERS)
  let service: string | undefined

  async function fetch(): Promise<void> {
    const snapshot = await channel.request('snapshot', undefined, { signal })
    const isSameService = service === snapshot.service
    service = snapshot.service
    store.update(state => withSnapshot(state, snapshot, isSameService || !state.loaded))
  }

  channel.on('created', order => store.update(state => withOrder(state, order)), { signal })
  channel.on('changed', order => store.update(state => withOrder(state, order)), { signal })
  keepFresh(channel, fetch, signal)
  return {
    store,
    place: order => channel.request('place', order),
    bump: bump => channel.request('bump', bump),
    serve: id => channel.request('serve', { id }),
  }
}
