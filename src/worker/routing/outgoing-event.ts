import { measure } from '../../lib/index.ts'
import type { EventItem } from '../../protocol/index.ts'
import type { Outgoing } from '../sessions/frame-sender.ts'
import type { UpstreamEvent } from '../upstream/transport.ts'

const ITEM_OVERHEAD_BYTES = 48

/**
 * An upstream event as it goes to the tabs: measured once, and for several tabs serialised once. What JSON
 * would not give back as it was is cloned for each of them.
 */
export function toOutgoing(ref: number, upstream: UpstreamEvent, receivers: number): Outgoing {
  const item = toItem(ref, upstream)
  const { bytes, plain } = measure(item)
  const text = receivers > 1 && plain ? toJson(item) : undefined
  if (text !== undefined) return { ref, text, bytes: ITEM_OVERHEAD_BYTES + text.length }
  return { item, bytes: ITEM_OVERHEAD_BYTES + bytes }
}

function toItem(ref: number, { event, payload, position, rest }: UpstreamEvent): EventItem {
  if (rest !== undefined) return [ref, event, payload, position, rest]
  return position === undefined ? [ref, event, payload] : [ref, event, payload, position]
}

/** `undefined` for what is nested too deep for JSON, though it was read from some. */
function toJson(item: EventItem): string | undefined {
  try {
    return JSON.stringify(item)
  } catch {
    return undefined
  }
}
