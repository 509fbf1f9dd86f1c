import { createStore, set } from 'idb-keyval'
import { allAtOnce, type OpenStore } from './store.ts'

/** One key and one transaction a message, from the page itself. */
export const openStore: OpenStore = async scope => {
  const name = `messages-${scope}`
  const store = createStore(name, 'messages')
  let lastKey = 0
  const one = (event: unknown): Promise<void> => set(++lastKey, event, store)
  return {
    burst: events => allAtOnce(events, one),
    one,
    end: () => store('readwrite', messages => void messages.clear()),
  }
}
