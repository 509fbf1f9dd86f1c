/** On Supabase, tables are added to it one by one; only what is in it tells its changes. */
export const publication = 'supabase_realtime'

/** Makes the publication, with all tables that there are and will be, unless there is one. */
export const publishAll = `
do $$ begin
  if not exists (select 1 from pg_publication where pubname = '${publication}') then
    create publication ${publication} for all tables;
  end if;
end $$`
