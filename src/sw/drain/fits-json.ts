import { isPlainObject } from '../../lib/index.ts'

/** Stands behind what is in an object: it has been looked through then. */
class End {
  readonly of: object

  constructor(of: object) {
    this.of = of
  }
}

/**
 * Whether a server that gets the value as JSON has all of it. Unlike `measure`, which asks for the very same value, it
 * takes fields that are `undefined`, which are not there in JSON, and what is in two places, which is there twice.
 */
export function fitsJson(value: unknown): boolean {
  const left = [value]
  const within = new Set<object>()
  while (left.length > 0) {
    const next = left.pop()
    if (next instanceof End) within.delete(next.of)
    else if (typeof next === 'number') {
      if (!Number.isFinite(next) || Object.is(next, -0)) return false
    } else if (typeof next === 'object' && next !== null) {
      if (within.has(next)) return false
      const parts = partsOf(next)
      if (parts === undefined) return false
      within.add(next)
      left.push(new End(next))
      for (const part of parts) left.push(part)
    } else if (next !== null && typeof next !== 'string' && typeof next !== 'boolean') return false
  }
  return true
}

/** An array keeps the places of what is not there. */
function partsOf(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value
  return isPlainObject(value) ? Object.values(value).filter(part => part !== undefined) : undefined
}
