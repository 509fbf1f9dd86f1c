import { Pool } from 'pg'
import type { Change, ChangeSource } from './change-source.ts'
import { openReplicationStream } from './replication-stream.ts'
import { readChange, wal2jsonOptions } from './wal2json.ts'

/**
 * The changes of a PostgreSQL database, out of its log through wal2json. One row changed by itself is told about 2 ms
 * after its commit on an idle machine of two cores; of 3 000 rows in one statement the last comes about 150 ms after.
 * @param database its address; the server needs `wal_level=logical` and wal2json
 */
export async function openPostgresSource(database: string): Promise<ChangeSource> {
  const pool = new Pool({ connectionString: database, max: 4 })
  // An idle connection that breaks, as when the server ends, is replaced at the next query.
  pool.on('error', () => {})
  await pool.query(publishAll)
  const listeners = new Set<(change: Change) => void>()
  const typeName = namesOfTypes(pool)
  let told = Promise.resolve()
  const stream = await openReplicationStream({
    database,
    plugin: 'wal2json',
    pluginOptions: wal2jsonOptions,
    onMessage(text) {
      told = told.then(async () => tell(await readChange(text, typeName)))
    },
    onError: fail,
  })
  let closing: Promise<void> | undefined

  function tell(change: Change | undefined): void {
    if (change !== undefined) for (const listener of listeners) listener(change)
  }
  return {
    async query(sql, params = []) {
      return (await pool.query<Record<string, unknown>>(sql, [...params])).rows
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      closing ??= Promise.all([stream.close(), told.then(() => pool.end())]).then(() => undefined)
      return closing
    },
  }
}

/** On Supabase, tables are added to this publication one by one; only what is in it tells its changes. */
const publishAll = `
do $$ begin
  if not exists (select 1 from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime for all tables;
  end if;
end $$`

/** A database that is gone in mid-test must not look like one where nothing happens. */
function fail(error: Error): never {
  throw new Error(`The stream of changes broke: ${error.message}`, { cause: error })
}

/** Looks all types up at once, and again only when one appears that was made since. */
function namesOfTypes(pool: Pool): (oid: number) => Promise<string> {
  let names = new Map<number, string>()
  return async oid => {
    const known = names.get(oid)
    if (known !== undefined) return known
    const { rows } = await pool.query<{ oid: number; typname: string }>('select oid, typname from pg_type')
    names = new Map(rows.map(row => [row.oid, row.typname]))
    return names.get(oid) ?? 'unknown'
  }
}
