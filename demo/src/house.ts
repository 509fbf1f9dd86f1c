import { createFloor, type Floor } from './floor/floor.ts'
import { connectLine, type AppLine } from './line.ts'
import { askNetwork, onHealed } from './network/network.ts'
import { keepPage, type Keeping } from './offline/keeping.ts'
import { watchLastKnown, type LastKnown } from './offline/last-known.ts'
import { createOrders, type Orders } from './orders/orders.ts'
import { watchOutbox, type Outbox } from './outbox/outbox.ts'
import { watchContinuity, type ContinuityLog } from './panel/continuity-log.ts'
import { createMeter, type Meter } from './panel/meter.ts'
import { watchCounts, type CountsStore } from './panel/counts.ts'

/** Everything that one name's tab holds: the line, and what is fed by its channels. */
export interface House {
  readonly name: string
  readonly line: AppLine
  readonly orders: Orders
  readonly floor: Floor
  readonly outbox: Outbox
  readonly counts: CountsStore
  readonly meter: Meter
  readonly continuity: ContinuityLog
  readonly keeping: Keeping
  readonly lastKnown: LastKnown
  readonly close: () => void
}

export function openHouse(name: string): House {
  const line = connectLine(name)
  const lifetime = new AbortController()
  const { signal } = lifetime
  // Before anything is read: the service worker has to know whose it is.
  const keeping = keepPage(line, signal)
  const lastKnown = watchLastKnown(line, signal)
  askNetwork(signal).catch(() => {})
  onHealed(() => line.reconnect(), signal)
  return {
    name,
    line,
    keeping,
    lastKnown,
    meter: createMeter(line, signal),
    continuity: watchContinuity(line, signal),
    counts: watchCounts(line, signal),
    outbox: watchOutbox(line.outbox, signal),
    orders: createOrders(line.channel('orders'), lastKnown, signal),
    floor: createFloor(line.channel('floor'), name, lastKnown, signal),
    close() {
      lifetime.abort()
      line.close()
    },
  }
}
