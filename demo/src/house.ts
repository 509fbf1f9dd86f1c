import { createFloor, type Floor } from './floor/floor.ts'
import { connectLine, type AppLine } from './line.ts'
import { createOrders, type Orders } from './orders/orders.ts'
import { watchContinuity, type ContinuityLog } from './panel/continuity-log.ts'
import { createMeter, type Meter } from './panel/meter.ts'
import { watchCounts, type CountsStore } from './panel/counts.ts'

/** Everything that one name's tab holds: the line, and what is fed by its channels. */
export interface House {
  readonly name: string
  readonly line: AppLine
  readonly orders: Orders
  readonly floor: Floor
  readonly counts: CountsStore
  readonly meter: Meter
  readonly continuity: ContinuityLog
  readonly close: () => void
}

export function openHouse(name: string): House {
  const line = connectLine(name)
  const lifetime = new AbortController()
  const { signal } = lifetime
  return {
    name,
    line,
    meter: createMeter(line, signal),
    continuity: watchContinuity(line, signal),
    counts: watchCounts(line, signal),
    orders: createOrders(line.channel('orders'), signal),
    floor: createFloor(line.channel('floor'), name, signal),
    close() {
      lifetime.abort()
      line.close()
    },
  }
}
