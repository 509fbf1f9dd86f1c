import type { Channel } from 'partyline'
import type { AppEvents } from '../events.ts'
import { keepFresh, type Reading } from '../lib/keep-fresh.ts'
import { read } from '../lib/request.ts'
import { createStore, type Store } from '../lib/store.ts'
import type { FloorSnapshot, Member } from '../model.ts'
import type { LastKnown } from '../offline/last-known.ts'
import {
  EMPTY_FLOOR,
  fromKept,
  withMembers,
  withMessage,
  withSnapshot,
  withTyping,
  type FloorState,
} from './floor-state.ts'
import { watchPresent } from './present.ts'
import { createTypist, type Typist } from './typist.ts'

export interface Floor {
  readonly store: Store<FloorState>
  /** Visitors of whom the transport tells; the house tells of the others. */
  readonly present: Store<readonly Member[]>
  readonly typist: Typist
  /** Resolves when the message is stored in this browser: it is sent now, or when there is a line again. */
  readonly say: (text: string) => Promise<unknown>
}

export function createFloor(
  channel: Channel<AppEvents['floor']>,
  me: string,
  lastKnown: LastKnown,
  signal: AbortSignal,
): Floor {
  const store = createStore(EMPTY_FLOOR)
  let isLoaded = false

  async function fetch(): Promise<Reading> {
    const { body: snapshot, keptAt } = await read<FloorSnapshot>('/api/floor', signal)
    if (keptAt === undefined) {
      isLoaded = true
      store.update(state => withSnapshot(state, snapshot))
      return 'present'
    }
    // What is kept is older than what a tab has seen itself.
    if (!isLoaded) {
      isLoaded = true
      store.update(() => fromKept(snapshot))
      lastKnown.kept(keptAt)
    }
    return 'kept'
  }

  /** Worth nothing later: it is not stored. */
  function tellTyping(typing: boolean): void {
    channel.publish('is-typing', { typing }, { durable: false }).catch(() => {})
  }

  channel.on('members', members => store.update(state => withMembers(state, members)), { signal })
  channel.on('typing', typing => store.update(state => withTyping(state, typing)), { signal })
  channel.on('message', message => store.update(state => withMessage(state, message)), { signal })
  keepFresh(channel, fetch, signal)
  return {
    store,
    present: watchPresent(channel, me, signal),
    typist: createTypist(tellTyping, signal),
    say: text => channel.publish('say', { text }),
  }
}
