import '../support/worker-globals.ts'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { toChannelId } from '../../src/protocol/index.ts'
import { supabase } from '../../src/worker/transports/supabase.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../support/line/node-line.ts'
import { waitFor } from '../support/line/wait-for.ts'
import { createDatabase } from '../support/servers/postgres/database.ts'
import {
  openPostgresSource,
  startSupabaseServer,
  type ChangeSource,
  type SupabaseServer,
} from '../support/servers/supabase/index.ts'

const WITHIN_MS = 20_000

let source: ChangeSource
let server: SupabaseServer
let line: NodeLine

beforeEach(async () => {
  source = await openPostgresSource(await createDatabase(inject('postgresPort')))
  await source.query('create table orders (id int primary key, station text, price int)')
  server = await startSupabaseServer({ changes: source })
  line = startNodeLine({ transport: supabase({ url: server.url, key: server.anonKey }) })
})

afterEach(async () => {
  line.close()
  await server.close()
  await source.close()
})

const orders = (event: string, filter?: string): string =>
  toChannelId({ name: 'orders', params: { changes: [{ event, table: 'orders', ...(filter && { filter }) }] } })

async function joined(tab: NodeTab, channel: string): Promise<void> {
  await tab.notice('subscription', notice => notice.channel === channel && notice.state === 'joined')
}

interface Row {
  readonly eventType: string
  readonly new: { readonly id?: number }
  readonly old: { readonly id?: number }
}

const told = (tab: NodeTab): string[] =>
  tab.payloads().map(payload => {
    const { eventType, new: row, old } = payload as Row
    return `${eventType} ${row.id ?? old.id}`
  })

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

test('a table orders with 3 000 row changes in PostgreSQL: tabs with different filters each get exactly their rows, through one join', async () => {
  const wishes = [
    orders('*'),
    orders('INSERT', 'station=eq.grill'),
    orders('INSERT', 'station=in.(bar,pastry)'),
    orders('UPDATE', 'price=gte.900'),
    orders('DELETE'),
    orders('INSERT', 'station=eq.grill'),
  ]
  const tabs = await Promise.all(wishes.map(channel => line.openTab({ wanted: [{ channel }] })))
  for (const [index, tab] of tabs.entries()) await joined(tab, wishes[index] ?? '')
  const last = server.joins.at(-1)
  expect(new Set(last?.config.bindings.map(({ id }) => id)).size).toBe(5)
  const before = server.joins.length

  await source.query(`insert into orders
    select n, (array['grill', 'bar', 'pastry', 'cold'])[1 + n % 4], n from generate_series(1, 1000) as n`)
  await source.query('update orders set price = price + 1')
  await source.query('delete from orders')

  const ids = range(1, 1_000)
  const inserted = (stations: readonly number[]): string[] =>
    ids.filter(id => stations.includes(id % 4)).map(id => `INSERT ${id}`)
  const expected = [
    ['INSERT', 'UPDATE', 'DELETE'].flatMap(event => ids.map(id => `${event} ${id}`)),
    inserted([0]),
    inserted([1, 2]),
    range(899, 1_000).map(id => `UPDATE ${id}`),
    ids.map(id => `DELETE ${id}`),
    inserted([0]),
  ]
  await waitFor(() => tabs.every((tab, n) => told(tab).length >= (expected[n]?.length ?? 0)), 'all rows', WITHIN_MS)
  for (const [n, tab] of tabs.entries()) expect(told(tab).toSorted()).toEqual(expected[n]?.toSorted())
  expect(tabs.slice(0, 1).map(told)).toEqual(expected.slice(0, 1))
  expect(server.joins).toHaveLength(before)
  expect(server.connections()).toBe(1)
})

test('a table or a filter that the database does not know refuses its channel in the server’s words, and no other', async () => {
  const good = orders('INSERT')
  const bad = toChannelId({ name: 'orders', params: { changes: [{ table: 'no_such_table' }] } })
  const tab = await line.openTab({ wanted: [{ channel: good }, { channel: bad }] })
  const { channel, error } = await tab.notice('subscription', ({ state }) => state === 'refused')
  expect(channel).toBe(bad)
  expect(error).toMatchObject({ code: 'join-refused', message: expect.stringContaining('no_such_table') })
  await joined(tab, good)
  await source.query("insert into orders values (1, 'grill', 5)")
  await waitFor(() => told(tab).length === 1, 'the row', WITHIN_MS)
  expect(told(tab)).toEqual(['INSERT 1'])
})
