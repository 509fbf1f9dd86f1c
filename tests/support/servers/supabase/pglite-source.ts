import type { PGlite } from '@electric-sql/pglite'
import type { Change, ChangeSource, Row } from './change-source.ts'
import { publishAll } from './publication.ts'

type Logged = { readonly change: Change }

/**
 * The changes of a PGlite database, which has no log to read: triggers write each into a table, in the transaction of the
 * change, and a notification after the commit says that there is something to read. Tables get their trigger at the end
 * of the `query` that creates them; rows that the same `query` puts in are not told.
 * @param db closed with the source
 */
export async function openPgliteSource(db: PGlite): Promise<ChangeSource> {
  await db.exec(publishAll)
  await db.exec(triggers)
  await db.exec('select realtime.watch_tables()')
  const listeners = new Set<(change: Change) => void>()
  let told = Promise.resolve()
  let closing: Promise<void> | undefined
  const stopListening = await db.listen('partyline_changes', () => {
    told = told.then(tellAll)
  })

  /** One of these runs at a time: it takes all that is there, also what the next notifications are about. */
  async function tellAll(): Promise<void> {
    const { rows } = await db.query<Logged>(takeAll)
    for (const { change } of rows) tell(change)
  }
  function tell({ record, oldRecord, ...change }: Change): void {
    const whole = { ...change, record: record ?? undefined, oldRecord: oldRecord ?? undefined }
    for (const listener of listeners) listener(whole)
  }
  async function closeAll(): Promise<void> {
    await stopListening()
    await told
    await db.close()
  }
  return {
    async query(sql, params = []) {
      const rows = params.length > 0 ? (await db.query<Row>(sql, [...params])).rows : await runAll(db, sql)
      if (/\bcreate\b[^;]*\btable\b/i.test(sql)) await db.exec('select realtime.watch_tables()')
      return rows
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => (closing ??= closeAll()),
  }
}

/** Several statements in one text need this; the last one's rows are the answer. */
async function runAll(db: PGlite, sql: string): Promise<readonly Row[]> {
  const results = await db.exec(sql)
  return results.at(-1)?.rows ?? []
}

const takeAll = `
with taken as (delete from realtime.changes returning id, change)
select change from taken order by id`

/** Gives changes in the form of {@link Change}. */
const triggers = `
create schema if not exists realtime;
create table if not exists realtime.changes (id bigserial primary key, change jsonb not null);

create or replace function realtime.columns_of(relation oid, out columns jsonb, out keys jsonb) language sql as $$
  select jsonb_agg(jsonb_build_object('name', attname, 'type', typname) order by attnum),
         coalesce(jsonb_agg(attname order by attnum) filter (where is_key), '[]')
  from (
    select attname, attnum, typname, attnum = any(coalesce(indkey::int2[], '{}')) as is_key
    from pg_attribute
    join pg_type on pg_type.oid = atttypid
    left join pg_index on indrelid = attrelid and indisprimary
    where attrelid = relation and attnum > 0 and not attisdropped
  ) as attributes
$$;

create or replace function realtime.note_change() returns trigger language plpgsql as $$
declare
  columns jsonb;
  keys jsonb;
  is_full boolean := (select relreplident = 'f' from pg_class where oid = tg_relid);
  old_record jsonb;
begin
  select * into columns, keys from realtime.columns_of(tg_relid);
  if tg_op <> 'INSERT' then
    select jsonb_object_agg(key, value) into old_record from jsonb_each(to_jsonb(old)) where is_full or keys ? key;
  end if;
  insert into realtime.changes (change) values (jsonb_build_object(
    'type', tg_op,
    'schema', tg_table_schema,
    'table', tg_table_name,
    'committedAt', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'columns', columns,
    'primaryKey', keys,
    'record', case when tg_op = 'DELETE' then null else to_jsonb(new) end,
    'oldRecord', old_record
  ));
  notify partyline_changes;
  return null;
end $$;

create or replace function realtime.watch_tables() returns void language plpgsql as $$
declare
  relation regclass;
begin
  for relation in
    select pg_class.oid from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and nspname not in ('realtime', 'information_schema') and nspname not like 'pg\\_%'
      and not exists (select 1 from pg_trigger where tgrelid = pg_class.oid and tgname = 'partyline_changes')
  loop
    execute format('create trigger partyline_changes after insert or update or delete on %s
      for each row execute function realtime.note_change()', relation);
  end loop;
end $$;
`
