/** The house's tables. Their columns are named as the fields in demo/src/model.ts, so that a row is an order or a message. */

/** @typedef {'orders' | 'messages'} Table */

export const schema = `
create table orders (
  id int primary key,
  version int not null,
  "table" int not null,
  "placedBy" text not null,
  key text,
  note text not null,
  state text not null,
  tickets jsonb not null,
  "placedAt" float8 not null,
  at float8 not null
);
create table messages (
  id int primary key,
  "from" text not null,
  text text not null,
  key text,
  at float8 not null
);`

/**
 * Each takes its rows as one array in JSON.
 * @type {Readonly<Record<Table, string>>}
 */
export const upserts = {
  orders: `
insert into orders select * from jsonb_populate_recordset(null::orders, $1::jsonb)
on conflict (id) do update
set version = excluded.version, state = excluded.state, tickets = excluded.tickets, at = excluded.at`,
  messages: 'insert into messages select * from jsonb_populate_recordset(null::messages, $1::jsonb)',
}
