export interface Size {
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

/** One that JSON takes for nothing but its fields. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !('toJSON' in value)
}

function byteLengthOf(value: object): number {
  const { byteLength, size } = value as { byteLength?: unknown; size?: unknown }
  if (typeof byteLength === 'number') return byteLength
  return typeof size === 'number' ? size * 16 : 64
}
