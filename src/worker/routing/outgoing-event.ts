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

interface Size {
  /** An estimate of what the value takes when it is cloned. */
  readonly bytes: number
  /** JSON gives back the very same value. */
  readonly plain: boolean
}

/** Walks the value without recursion, so that no depth of nesting can exhaust the stack. */
export function measure(value: unknown): Size {
  let bytes = 0
  let plain = true
  const left: unknown[] = [value]
  const seen = new Set<object>()
  while (left.length > 0) {
    const next = left.pop()
    switch (typeof next) {
      case 'string':
        bytes += next.length
        break
      case 'number':
        bytes += 8
        plain &&= Number.isFinite(next) && !Object.is(next, -0)
        break
      case 'boolean':
        bytes += 4
        break
      case 'object':
        if (next === null) {
          bytes += 4
          break
        }
        bytes += 8
        if (seen.has(next)) {
          plain = false
          break
        }
        seen.add(next)
        if (Array.isArray(next)) for (const entry of next) left.push(entry)
        else if (isPlainObject(next)) {
          for (const key in next) {
            bytes += key.length + 2
            left.push(next[key])
          }
        } else {
          bytes += byteLengthOf(next)
          plain = false
        }
        break
      default:
        bytes += 8
        plain = false
    }
  }
  return { bytes, plain }
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value)
}

function byteLengthOf(value: object): number {
  const { byteLength, size } = value as { byteLength?: unknown; size?: unknown }
  if (typeof byteLength === 'number') return byteLength
  return typeof size === 'number' ? size * 16 : 64
}
