import type { Channel } from 'partyline'
import type { AppEvents } from '../events.ts'
import { keepFresh } from '../lib/keep-fresh.ts'
import { createStore, type Store } from '../lib/store.ts'
import { EMPTY_FLOOR, fromSnapshot, withMessage, type FloorState } from './floor-state.ts'
import { createTypist, type Typist } from './typist.ts'

export interface Floor {
  readonly store: Store<FloorState>
  readonly typist: Typist
  readonly say: (text: string) => Promise<unknown>
}

export function createFloor(channel: Channel<AppEvents['floor']>, name: string, signal: AbortSignal): Floor {
  const store = createStore(EMPTY_FLOOR)

  /** Enters before it looks around: a new connection is a stranger to the server. */
  async function fetch(): Promise<void> {
    await channel.request('enter', { name }, { signal })
    const snapshot = await channel.request('snapshot', undefined, { signal })
    store.update(() => fromSnapshot(snapshot))
  }

  channel.on('members', ({ members }) => store.update(state => ({ ...state, members })), { signal })
  channel.on('typing', ({ names }) => store.update(state => ({ ...state, typing: names })), { signal })
  channel.on('message', message => store.update(state => withMessage(state, message)), { signal })
  keepFresh(channel, fetch, signal)
  return {
    store,
    typist: createTypist(typing => void channel.publish('is-typing', { typing }).catch(() => {}), signal),
    say: text => channel.request('say', { text }),
  }
}
