import { PGlite } from '@electric-sql/pglite'
import type { RealtimePostgresChangesPayload, SupabaseClient } from '@supabase/supabase-js'
import { postgresChangesFilter } from '@supabase/realtime-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { waitFor } from '../support/line/wait-for.ts'
import { createDatabase } from '../support/servers/postgres/database.ts'
import { Clients, joined, subscribe } from '../support/servers/supabase/clients.ts'
import {
  openPgliteSource,
  openPostgresSource,
  startSupabaseServer,
  type ChangeSource,
  type SupabaseServer,
} from '../support/servers/supabase/index.ts'

type Payload = RealtimePostgresChangesPayload<Readonly<Record<string, unknown>>>
type Wish = { event: '*' | 'INSERT' | 'UPDATE' | 'DELETE'; filter?: string; select?: string[]; table?: string }

const sources = {
  PostgreSQL: async () => openPostgresSource(await createDatabase(inject('postgresPort'))),
  PGlite: async () => openPgliteSource(await PGlite.create()),
}

/** On a busy machine PGlite takes its time to start. */
const startMs = 120_000

const clients = new Clients()

describe.each(Object.entries(sources))('with %s', (_name, open) => {
  let source: ChangeSource
  let server: SupabaseServer
  let client: SupabaseClient

  beforeAll(async () => {
    source = await open()
  }, startMs)

  beforeEach(async () => {
    await source.query('drop table if exists orders')
    await source.query('create table orders (id int primary key, dish text, price numeric, done bool default false)')
    server = await startSupabaseServer({ changes: source })
    client = clients.create(server)
  })

  afterEach(async () => {
    await clients.closeAll()
    await server.close()
  })

  afterAll(() => source.close())

  const add = (id: number, dish: string | null, price: number) =>
    source.query('insert into orders values ($1, $2, $3)', [id, dish, price])

  /** A channel with these bindings, once changes flow to it, and what each of them is told. */
  async function watch(...wishes: readonly Wish[]) {
    const told: Payload[][] = wishes.map(() => [])
    const channel = client.channel('orders')
    for (const [i, wish] of wishes.entries()) {
      const filter = { schema: 'public', table: 'orders', ...wish } as { event: '*'; schema: string; table: string }
      channel.on('postgres_changes', filter, payload => told[i]?.push(payload))
    }
    const system: { readonly status: string; readonly message: string }[] = []
    channel.on('system', {}, message => system.push(message))
    const flows = async (times: number) => {
      await waitFor(() => system.length === times, 'changes to flow')
      for (const { status, message } of system) if (status !== 'ok') throw new Error(message)
    }
    await joined(channel)
    await flows(1)
    return { told, flows }
  }

  /** The ids of those of four rows that a filter lets through. */
  async function passing(filter: string): Promise<readonly unknown[]> {
    const { told } = await watch({ event: 'INSERT', filter }, { event: 'INSERT' })
    await add(1, 'soup', 4.5)
    await add(2, 'salad', 7)
    await add(3, 'tea, green', 3)
    await add(10, null, 12)
    await waitFor(() => told[1]?.length === 4, 'all rows without the filter')
    return told[0]?.map(({ new: row }) => (row as { id: unknown }).id) ?? []
  }

  test.each([
    ['id=eq.2', [2]],
    ['dish=eq.soup', [1]],
    ['dish=neq.soup', [2, 3]],
    ['id=lt.3', [1, 2]],
    ['id=lte.3', [1, 2, 3]],
    ['id=gt.3', [10]],
    ['price=gte.7', [2, 10]],
    ['dish=in.(soup,salad)', [1, 2]],
    ['dish=in.("tea, green",soup)', [1, 3]],
    ['id=in.(1,10)', [1, 10]],
    ['dish=like.s%', [1, 2]],
    ['dish=is.null', [10]],
    ['dish=not.is.null', [1, 2, 3]],
    ['id=not.in.(1,2)', [3, 10]],
    ['price=gt.3,price=lt.10', [1, 2]],
    ['done=eq.true', []],
  ] as const)('the filter %s lets through what it says', async (filter, ids) => {
    expect(await passing(filter)).toEqual(ids)
  })

  test("the client's own filter builder is understood", async () => {
    const filter = postgresChangesFilter().in('dish', ['tea, green', 'soup']).gte('price', 4)
    expect(await passing(filter.build())).toEqual([1])
  })

  test('each event tells the row in its own way', async () => {
    const { told } = await watch({ event: '*' })
    await add(1, 'soup', 4.5)
    await source.query('update orders set done = true where id = 1')
    await source.query('delete from orders where id = 1')
    await waitFor(() => told[0]?.length === 3, 'three changes')
    expect(told[0]).toMatchObject([
      { eventType: 'INSERT', schema: 'public', table: 'orders', new: { id: 1, dish: 'soup', price: 4.5, done: false } },
      { eventType: 'UPDATE', new: { id: 1, dish: 'soup', price: 4.5, done: true }, old: { id: 1 } },
      { eventType: 'DELETE', new: {}, old: { id: 1 } },
    ])
    // Of the row before, there is its primary key only.
    expect(told[0]?.map(({ old }) => Object.keys(old))).toEqual([[], ['id'], ['id']])
    expect(Date.parse(told[0]?.[0]?.commit_timestamp ?? '')).toBeGreaterThan(Date.now() - 60_000)
  })

  test('with its full identity replicated, all of the row before is told', async () => {
    await source.query('alter table orders replica identity full')
    const { told } = await watch({ event: 'UPDATE' }, { event: 'DELETE', filter: 'dish=eq.soup' })
    await add(1, 'soup', 4.5)
    await source.query('update orders set price = 5 where id = 1')
    await source.query('delete from orders where id = 1')
    await waitFor(() => told[1]?.length === 1, 'the deletion')
    expect(told[0]?.[0]?.old).toEqual({ id: 1, dish: 'soup', price: 4.5, done: false })
    expect(told[1]?.[0]?.old).toEqual({ id: 1, dish: 'soup', price: 5, done: false })
  })

  test('without it, a filter on another column than the key lets no deletion through', async () => {
    const { told } = await watch({ event: 'DELETE', filter: 'dish=eq.soup' }, { event: 'DELETE', filter: 'id=eq.1' })
    await add(1, 'soup', 4.5)
    await source.query('delete from orders where id = 1')
    await waitFor(() => told[1]?.length === 1, 'the deletion by its key')
    expect(told[0]).toEqual([])
  })

  test.each(['INSERT', 'UPDATE', 'DELETE'] as const)('who asks for %s is told nothing else', async event => {
    const { told } = await watch({ event }, { event: '*' })
    await add(1, 'soup', 4.5)
    await source.query('update orders set done = true where id = 1')
    await source.query('delete from orders where id = 1')
    await waitFor(() => told[1]?.length === 3, 'all events')
    expect(told[0]?.map(({ eventType }) => eventType)).toEqual([event])
  })

  test('several bindings of a channel are each told their own', async () => {
    const { told } = await watch(
      { event: 'INSERT', filter: 'id=eq.1' },
      { event: 'INSERT', filter: 'id=eq.2' },
      { event: '*' },
      { event: 'INSERT', select: ['dish'] },
    )
    await add(1, 'soup', 4.5)
    await add(2, 'salad', 7)
    await waitFor(() => told[2]?.length === 2 && told[3]?.length === 2, 'both rows')
    const ids = told.map(payloads => payloads.map(({ new: row }) => (row as { id: number }).id))
    expect(ids).toEqual([[1], [2], [1, 2], [1, 2]])
    expect(told[3]?.[0]?.new).toEqual({ id: 1, dish: 'soup' })
  })

  test('values come in the types of their columns', async () => {
    await source.query(`create type mood as enum ('good', 'bad');
    create table kinds (id int8 primary key, at timestamptz, day date, data jsonb, tags text[], sizes int[], mood mood, raw bytea)`)
    const { told } = await watch({ event: '*', table: 'kinds' })
    await source.query(`insert into kinds values (7, '2026-01-31 10:00:00.5+01', '2026-01-31', '{"a":[1,null]}',
    '{x,y z}', '{1,2}', 'good', '\\x0102')`)
    await waitFor(() => told[0]?.length === 1, 'the row')
    await source.query('drop table kinds; drop type mood')
    expect(told[0]?.[0]?.new).toMatchObject({
      id: 7,
      at: '2026-01-31T09:00:00.5+00:00',
      day: '2026-01-31',
      data: { a: [1, null] },
      sizes: [1, 2],
      mood: 'good',
    })
  })

  test('3 000 rows arrive complete and in order', async () => {
    const { told } = await watch({ event: 'INSERT' })
    await source.query("insert into orders select n, 'dish ' || n, n / 100.0 from generate_series(1, 1000) n")
    for (let id = 1_001; id <= 2_000; id++) void add(id, 'one by one', id)
    await waitFor(() => told[0]?.length === 2_000, '2 000 rows', 20_000)
    await source.query("insert into orders select n, 'dish ' || n, n / 100.0 from generate_series(2001, 3000) n")
    await waitFor(() => told[0]?.length === 3_000, '3 000 rows', 20_000)
    const ids = told[0]?.map(({ new: row }) => (row as { id: number }).id) ?? []
    const sequence = (from: number) => Array.from({ length: 1_000 }, (_, i) => from + i)
    expect(ids.slice(0, 1_000)).toEqual(sequence(1))
    // These were written by several connections at once.
    expect(ids.slice(1_000, 2_000).toSorted((a, b) => a - b)).toEqual(sequence(1_001))
    expect(ids.slice(2_000)).toEqual(sequence(2_001))
  })

  test('what is rolled back is never told', async () => {
    const { told } = await watch({ event: '*' })
    await expect(source.query("do $$ begin insert into orders values (1); raise 'no'; end $$")).rejects.toThrow('no')
    await add(2, 'soup', 4.5)
    await waitFor(() => told[0]?.length === 1, 'the row that was committed')
    expect(told[0]?.[0]?.new).toMatchObject({ id: 2 })
  })

  test('after a break the channel joins again and changes flow again', async () => {
    const { told, flows } = await watch({ event: 'INSERT' })
    await server.cut()
    await flows(2)
    await add(1, 'soup', 4.5)
    await waitFor(() => told[0]?.length === 1, 'the row')
  })

  test('a table that is not published, and a filter that is none, are told in a system message', async () => {
    await expect(watch({ event: '*', table: 'nothing' })).rejects.toThrow('Please check Realtime is enabled')
    await client.removeAllChannels()
    await expect(watch({ event: '*', filter: 'id=nearly.3' })).rejects.toThrow('Error parsing `filter` params')
  })

  test('a channel that waits is not subscribed before changes flow', async () => {
    const told: unknown[] = []
    const channel = client
      .channel('orders', { config: { postgres_changes_options: { wait: true } } })
      .on('postgres_changes', { event: '*', schema: 'public', table: 'orders' }, payload => told.push(payload))
    await subscribe(channel).reached('SUBSCRIBED')
    await add(1, 'soup', 4.5)
    await waitFor(() => told.length === 1, 'the row')
  })
})
