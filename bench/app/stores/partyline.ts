import { openLine, ready } from './line.ts'
import { allAtOnce, type OpenStore } from './store.ts'

/** `publish` in a tab, stored by the broker in its SharedWorker; default options. */
export const openStore: OpenStore = async scope => {
  const line = openLine(scope)
  const channel = line.channel('orders')
  await ready(line)
  return {
    burst: events => allAtOnce(events, event => channel.publish('placed', event)),
    one: event => channel.publish('placed', event),
    end: () => line.forget(),
  }
}
