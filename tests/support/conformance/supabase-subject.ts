import '../worker-globals.ts'
import { toChannelId } from '../../../src/protocol/index.ts'
import { supabase } from '../../../src/worker/transports/supabase.ts'
import { startProxy } from '../faults/proxy.ts'
import { waitFor } from '../line/wait-for.ts'
import { startSupabaseServer, type SupabaseServer } from '../servers/supabase/index.ts'
import { openSourceByHand } from '../servers/supabase/source-by-hand.ts'
import { openWireClient } from '../servers/supabase/wire-client.ts'
import type { HostileFrame, Subject, SubjectServer } from './subject.ts'

/** Supabase Realtime with signed-in users, and row changes that the test itself makes. */
export const supabaseSubject: Subject = {
  name: 'supabase',
  start,
}

const TOPIC = 'orders'
const OPEN = toChannelId({ name: TOPIC, params: { private: true } })
const OTHER = 'kitchen'
const FORBIDDEN = toChannelId({ name: 'safe', params: { private: true } })
const FILTERED = toChannelId({
  name: 'rows',
  params: { changes: [{ event: 'INSERT', table: 'orders', filter: 'dish=eq.soup' }] },
})
/** By this the witness tells what clients have sent from what the server has. */
const FROM_CLIENTS = 'client-said'

/** As Phoenix closes a socket whose server restarts, and one that it has had enough of. */
const RESTART = 1012
const NORMAL = 1000
const TOO_MANY_REQUESTS = 429

async function start(): Promise<SubjectServer> {
  let issued = 0
  let guests = 0
  let elsewhere = 1
  const changes = openSourceByHand()
  const judged: unknown[] = []
  const server = await startSupabaseServer({
    changes,
    policy: (topic, { sub }) => {
      judged.push(sub)
      return { mayRead: topic !== 'safe', mayWrite: true }
    },
  })
  const proxy = await startProxy(server.port)
  const witness = await openWireClient(server)
  await witness.join(OTHER)
  await witness.join(TOPIC, { private: true }, server.token())
  judged.splice(0)
  const joinsBefore = server.joins.length

  async function closeAll(code: number): Promise<void> {
    server.closeAll(code)
    await witness.end()
    elsewhere--
  }

  return {
    transport: () =>
      supabase({
        url: `http://127.0.0.1:${proxy.port}`,
        key: server.anonKey,
        heartbeatMs: 700,
        heartbeatTimeoutMs: 800,
      }),
    credentials: () => ({ token: server.token({ sub: `user-${++issued}` }) }),
    connections: () => server.connections() - elsewhere,
    channels: { open: OPEN, other: OTHER, forbidden: FORBIDDEN, presence: 'floor' },
    events: { plain: FROM_CLIENTS },
    async emit(channel, event, payload) {
      const isPrivate = channel === OPEN
      const topic = isPrivate ? TOPIC : channel
      if (payload instanceof Uint8Array) await postBytes(server, topic, event, payload)
      else server.broadcast(topic, event, payload as object, { isPrivate })
    },
    received: () =>
      witness.broadcasts
        .filter(({ event }) => event === FROM_CLIENTS)
        .map(({ topic, event, payload }) => ({ channel: topic === TOPIC ? OPEN : topic, event, payload })),
    async cut() {
      proxy.cut()
    },
    async silence() {
      proxy.swallow()
    },
    async heal() {
      proxy.heal()
    },
    restart: () => closeAll(RESTART),
    dismiss: () => closeAll(NORMAL),
    limitRate: retryAfterMs => server.refuseConnections(retryAfterMs === undefined ? 0 : TOO_MANY_REQUESTS),
    toldRetryAfterMs: 'never',
    refuseCredentials: isRefused => server.refuseConnections(isRefused ? 401 : 0),
    async enter(state) {
      const id = `guest-${++guests}`
      const guest = await openWireClient(server)
      elsewhere++
      await guest.join('floor', { presence: { key: id, enabled: true } })
      await guest.push('floor', 'presence', { type: 'presence', event: 'track', payload: state })
      return {
        id,
        async leave() {
          const before = server.connections()
          await guest.end()
          await waitFor(() => server.connections() < before, 'the guest going')
          elsewhere--
        },
      }
    },
    filtered: {
      channel: FILTERED,
      async emit(passes) {
        changes.insert('orders', { id: ++issued, dish: passes ? 'soup' : 'salad' })
      },
    },
    // A token is judged with each join, and then again for each that takes its place.
    renewals: () => judged.slice(server.joins.slice(joinsBefore).filter(({ config }) => config.isPrivate).length),
    inject: raw => server.inject(typeof raw === 'string' ? raw : Buffer.from(raw)),
    hostile: HOSTILE,
    async close() {
      await witness.end()
      await proxy.close()
      await server.close()
    },
  }
}

async function postBytes(server: SupabaseServer, topic: string, event: string, body: Uint8Array): Promise<void> {
  await fetch(`${server.url}/realtime/v1/api/broadcast/${topic}/events/${event}?private=true`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', authorization: `Bearer ${server.token()}` },
    body: Uint8Array.from(body),
  })
}

const ROW = { type: 'INSERT', schema: 'public', table: 'orders', columns: [], record: {} }

const frame = (topic: string, event: string, payload: unknown, ref: string | null = null): string =>
  JSON.stringify([null, ref, topic, event, payload])

const HOSTILE: readonly HostileFrame[] = [
  { raw: 'no json', outcome: 'malformed' },
  { raw: 'null', outcome: 'malformed' },
  { raw: '{}', outcome: 'malformed' },
  { raw: '[]', outcome: 'malformed' },
  { raw: '[null,null,1,2,{}]', outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'surprise', {}), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'broadcast', null), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'broadcast', { payload: {} }), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'phx_reply', null, '1'), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'phx_close', {}), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'system', { status: 'ok' }), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'postgres_changes', { ids: [1] }), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'postgres_changes', { ids: 'all', data: ROW }), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'presence_state', { ann: { metas: 1 } }), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'presence_diff', { joins: [] }), outcome: 'malformed' },
  { raw: new Uint8Array([]), outcome: 'malformed' },
  { raw: new Uint8Array([9, 1, 1, 0, 1]), outcome: 'malformed' },
  { raw: new Uint8Array([4, 200, 1, 0, 1, 114]), outcome: 'malformed' },
  { raw: new Uint8Array([4, 0, 0, 0, 1, 123]), outcome: 'malformed' },
  { raw: frame(`realtime:${TOPIC}`, 'phx_reply', { status: 'ok', response: {} }, '99999'), outcome: 'ignored' },
  { raw: frame(`realtime:${TOPIC}`, 'postgres_changes', { ids: [99], data: ROW }), outcome: 'ignored' },
  { raw: frame('realtime:never joined', 'presence_state', {}), outcome: 'unrouted' },
  { raw: frame('realtime:never joined', 'presence_diff', { joins: {}, leaves: {} }), outcome: 'unrouted' },
  { raw: frame('realtime:never joined', 'postgres_changes', { ids: [1], data: ROW }), outcome: 'unrouted' },
  { raw: frame('realtime:never joined', 'phx_reply', { status: 'ok', response: {} }, '1'), outcome: 'ignored' },
  { raw: frame('realtime:never joined', 'broadcast', { event: 'said', payload: {} }), outcome: 'unrouted' },
]
