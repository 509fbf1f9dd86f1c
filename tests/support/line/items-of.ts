import type { EventItem, Frame, Item } from '../../../src/protocol/index.ts'

/** A frame's items one by one, those that came as text read. */
export function itemsOf({ items }: Frame): Item[] {
  return items.flatMap(item => (typeof item === 'string' ? (JSON.parse(item) as EventItem[]) : [item]))
}
