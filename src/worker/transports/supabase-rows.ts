/** Row changes as `@supabase/supabase-js` hands them to its listeners. */
import type { Column, Fields, RowChange } from './supabase-frames.ts'

export interface RowPayload {
  readonly eventType: RowChange['type']
  readonly schema: string
  readonly table: string
  readonly commit_timestamp: unknown
  readonly errors: unknown
  /** `{}` after DELETE. */
  readonly new: Fields
  /** `{}` with INSERT; else the primary key only, unless the table has `replica identity full`. */
  readonly old: Fields
}

export function toRowPayload({ type, schema, table, commit_timestamp, errors, ...change }: RowChange): RowPayload {
  const row = (record: Fields | undefined): Fields => converted(change.columns, record ?? {})
  return {
    eventType: type,
    schema,
    table,
    commit_timestamp,
    errors,
    new: type === 'DELETE' ? {} : row(change.record),
    old: type === 'INSERT' ? {} : row(change.old_record),
  }
}

function converted(columns: readonly Column[], row: Fields): Fields {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toCell(types.get(name) ?? '', value)]))
}

/** A server may send values as PostgreSQL writes them. */
function toCell(type: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (type.startsWith('_')) return toArray(type.slice(1), value)
  switch (type) {
    case 'bool':
      return value === 't' ? true : value === 'f' ? false : value
    case 'float4':
    case 'float8':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
    case 'oid': {
      const number = Number.parseFloat(value)
      return Number.isNaN(number) ? value : number
    }
    case 'json':
    case 'jsonb':
      return parsed(value) ?? value
    case 'timestamp':
      return value.replace(' ', 'T')
    default:
      return value
  }
}

function toArray(type: string, text: string): unknown {
  if (!text.startsWith('{') || !text.endsWith('}')) return text
  const inner = text.slice(1, -1)
  const items = parsed(`[${inner}]`) ?? inner.split(',')
  return Array.isArray(items) ? items.map(item => toCell(type, item)) : text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
