/**
 * Supabase on PGlite, a PostgreSQL in this process: orders and messages are rows, and visitors are told what changes in
 * their tables; the rest is broadcast by the HTTP API. Visitors write to the house over HTTP (see api.mjs), which alone
 * writes into the database, as an Edge Function would with the service key.
 */
import { PGlite } from '@electric-sql/pglite'
import { forwardUpgrades } from './forward-upgrades.mjs'
import { loadServer } from './load-server.mjs'
import { createMailbag } from './mailbag.mjs'
import { schema, upserts } from './supabase-tables.mjs'

/** @import { Line } from './line.ts' */
/** @import { Table } from './supabase-tables.mjs' */

/**
 * @typedef {object} Write
 * @property {Table} table
 * @property {{ readonly id: number }} row
 */
/** @typedef {{ readonly topic: string, readonly event: string, readonly payload: unknown }} Broadcast */

const MAX_BAG = 50
/** Which events are rows; demo/brokers/supabase.ts makes events of them again. */
const TABLES = /** @type {Readonly<Record<string, Table>>} */ ({
  'orders:created': 'orders',
  'orders:changed': 'orders',
  'floor:message': 'messages',
})

/**
 * @param {import('node:http').Server} http
 * @returns {Promise<Line>}
 */
export async function openSupabaseLine(http) {
  /** @type {typeof import('../../../tests/support/servers/supabase/index.ts')} */
  const { openPgliteSource, startSupabaseServer } = await loadServer('supabase/index.ts')
  const database = await openPgliteSource(await PGlite.create())
  await database.query(schema)
  const server = await startSupabaseServer({ changes: database })
  const serviceKey = server.token({ role: 'service_role', exp: Date.UTC(2100, 0, 1) / 1000 })

  const rows = createMailbag({
    // One statement for one table, in which a row may come once.
    fits: (/** @type {readonly Write[]} */ bag, next) =>
      bag.length < MAX_BAG && bag.every(({ table, row }) => table === next.table && row.id !== next.row.id),
    send: async ([first, ...others]) => {
      const written = [first, ...others].map(({ row }) => row)
      await database.query(upserts[first.table], [JSON.stringify(written)])
    },
  })
  const broadcasts = createMailbag({
    fits: (/** @type {readonly Broadcast[]} */ bag) => bag.length < MAX_BAG,
    send: messages => broadcast(server.url, serviceKey, messages),
  })

  return {
    key: server.anonKey,
    open: () => forwardUpgrades(http, server.port),
    emit(channel, event, payload) {
      const table = TABLES[`${channel}:${event}`]
      if (table === undefined) broadcasts.add({ topic: channel, event, payload })
      else rows.add({ table, row: /** @type {Write['row']} */ (payload) })
    },
    emitted: () => Promise.all([rows.sent(), broadcasts.sent()]),
    connections: server.connections,
    async close() {
      await Promise.all([rows.close(), broadcasts.close()])
      await server.close()
      await database.close()
    },
  }
}

/**
 * @param {string} url
 * @param {string} key
 * @param {readonly Broadcast[]} messages
 */
async function broadcast(url, key, messages) {
  const response = await fetch(`${url}/realtime/v1/api/broadcast`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
  })
  if (!response.ok) throw new Error(`Supabase took no broadcast: ${response.status} ${await response.text()}`)
}
