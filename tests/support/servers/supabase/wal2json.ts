import type { Change, ChangeType, Column, Row } from './change-source.ts'

interface Value {
  readonly name: string
  readonly typeoid: number
  readonly value: unknown
}

/** A line of wal2json's second format. */
interface Line {
  readonly action: string
  readonly timestamp: string
  readonly schema: string
  readonly table: string
  readonly columns?: readonly Value[]
  readonly identity?: readonly Value[]
  readonly pk?: readonly { readonly name: string }[]
}

/** What the replication slot is read with; {@link readChange} understands the lines that come of it. */
export const wal2jsonOptions: Readonly<Record<string, string>> = {
  'format-version': '2',
  'include-transaction': 'false',
  'include-timestamp': 'true',
  'include-type-oids': 'true',
  'include-pk': 'true',
  actions: 'insert,update,delete',
}

const types: Readonly<Record<string, ChangeType>> = { I: 'INSERT', U: 'UPDATE', D: 'DELETE' }

/**
 * @param typeName gives the name in `pg_type` of a type's number
 * @returns undefined for what is no change of a row
 */
export async function readChange(
  text: string,
  typeName: (oid: number) => Promise<string>,
): Promise<Change | undefined> {
  const line = JSON.parse(text) as Line
  const type = types[line.action]
  if (type === undefined) return undefined
  const now = await readValues(line.columns ?? [], typeName)
  const before = await readValues(line.identity ?? [], typeName)
  return {
    type,
    schema: line.schema,
    table: line.table,
    committedAt: new Date(isoText(line.timestamp)).toISOString(),
    columns: type === 'DELETE' ? before.columns : now.columns,
    primaryKey: (line.pk ?? []).map(({ name }) => name),
    // A large value that was not changed is not in the line of an UPDATE; the old row may have it.
    record: type === 'DELETE' ? undefined : { ...before.row, ...now.row },
    oldRecord: type === 'INSERT' ? undefined : before.row,
  }
}

async function readValues(
  values: readonly Value[],
  typeName: (oid: number) => Promise<string>,
): Promise<{ readonly columns: readonly Column[]; readonly row: Row }> {
  const columns: Column[] = []
  const row: Record<string, unknown> = {}
  for (const { name, typeoid, value } of values) {
    const type = await typeName(typeoid)
    columns.push({ name, type })
    row[name] = toJson(type, value)
  }
  return { columns, row }
}

/** As `to_jsonb` would give the value, but for arrays, which stay in PostgreSQL's notation: clients read both. */
function toJson(type: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  switch (type) {
    case 'json':
    case 'jsonb':
      return JSON.parse(value)
    case 'timestamp':
      return value.replace(' ', 'T')
    case 'timestamptz':
      return isoText(value)
    default:
      return value
  }
}

/** `2026-01-31 10:00:00.5+00` is `2026-01-31T10:00:00.5+00:00`. */
const isoText = (timestamp: string): string => timestamp.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')
