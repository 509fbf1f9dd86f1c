import '../worker-globals.ts'
import { pusher } from '../../../src/worker/transports/pusher.ts'
import { startProxy } from '../faults/proxy.ts'
import { waitFor } from '../line/wait-for.ts'
import { openPusherClient } from '../servers/pusher/pusher-client.ts'
import { startPusherServer } from '../servers/pusher/pusher-server.ts'
import type { HostileFrame, Subject, SubjectServer } from './subject.ts'

/** Pusher with a user who signs in and channels that an endpoint authorises. */
export const pusherSubject: Subject = {
  name: 'pusher',
  start,
}

const OPEN = 'private-orders'
const FORBIDDEN = 'private-safe'
const PRESENCE = 'presence-floor'
const OVER_CAPACITY = 4100
const RECONNECT = 4200
const NORMAL = 1000

async function start(): Promise<SubjectServer> {
  let issued = 0
  let members = 0
  const elsewhere = new Set<string>()
  /** One after the other, or they overtake each other on their way. */
  let emitted: Promise<unknown> = Promise.resolve()
  const server = await startPusherServer({
    activityTimeoutMs: 700,
    pongTimeoutMs: 800,
    clientEventsPerSecond: Infinity,
    subscriptionCounts: false,
  })
  server.auth.refuseChannel(FORBIDDEN)
  const proxy = await startProxy(server.port)
  /** Without those of other members, who come by another way. */
  const connections = (): number => server.connections() - elsewhere.size

  return {
    transport: () =>
      pusher({
        key: server.app.key,
        host: '127.0.0.1',
        port: proxy.port,
        tls: false,
        channelAuthorization: { endpoint: `${server.url}/pusher/auth` },
        userAuthentication: { endpoint: `${server.url}/pusher/user-auth` },
        pongTimeoutMs: 800,
        clientEventsPerSecond: Infinity,
      }),
    credentials: () => ({ token: `token-${++issued}` }),
    connections,
    channels: {
      open: OPEN,
      other: 'private-kitchen',
      forbidden: FORBIDDEN,
      presence: PRESENCE,
      history: 'private-cache-menu',
    },
    events: { plain: 'client-said' },
    maxPayloadBytes: 10_000,
    async emit(channel, event, payload) {
      emitted = emitted.then(() => server.sdk.trigger(channel, event, payload))
      await emitted
    },
    received: () => server.clientEvents.map(({ channel, event, data: payload }) => ({ channel, event, payload })),
    async cut() {
      proxy.cut()
    },
    async silence() {
      proxy.swallow()
    },
    async heal() {
      proxy.heal()
    },
    async restart() {
      server.closeAll(RECONNECT)
    },
    async dismiss() {
      server.closeAll(NORMAL)
    },
    refuseCredentials: isRefused => server.auth.demandToken(isRefused ? 'none that was issued' : undefined),
    limitRate: retryAfterMs => server.refuse(retryAfterMs === undefined ? undefined : OVER_CAPACITY),
    // "May be re-established after one second", by the protocol.
    toldRetryAfterMs: 1_000,
    async enter(state) {
      const id = `member-${++members}`
      const client = openPusherClient(server, {
        channelAuthorization: {
          customHandler: ({ socketId, channelName }, done) =>
            done(null, server.sdk.authorizeChannel(socketId, channelName, { user_id: id, user_info: state as object })),
        },
      })
      const channel = client.subscribe(PRESENCE)
      await waitFor(() => channel.subscribed, 'the member')
      elsewhere.add(id)
      return {
        id,
        async leave() {
          const before = server.connections()
          client.disconnect()
          await waitFor(() => server.connections() < before, 'the member going')
          elsewhere.delete(id)
        },
      }
    },
    inject: raw => server.sendRaw(raw),
    hostile: HOSTILE,
    async close() {
      await proxy.close()
      await server.close()
    },
  }
}

const frame = (event: unknown, channel?: unknown, data: unknown = {}): string =>
  JSON.stringify({ event, channel, data: JSON.stringify(data) })

const HOSTILE: readonly HostileFrame[] = [
  { raw: 'no json', outcome: 'malformed' },
  { raw: 'null', outcome: 'malformed' },
  { raw: '{}', outcome: 'malformed' },
  { raw: '[]', outcome: 'malformed' },
  { raw: '"text"', outcome: 'malformed' },
  { raw: frame(7, OPEN), outcome: 'malformed' },
  { raw: frame('said'), outcome: 'malformed' },
  { raw: frame('said', 7), outcome: 'malformed' },
  { raw: frame('said', 'two words'), outcome: 'malformed' },
  { raw: frame('said', '#connection'), outcome: 'malformed' },
  { raw: frame('pusher_internal:surprise', OPEN), outcome: 'malformed' },
  { raw: frame('pusher_internal:subscription_succeeded', OPEN, { presence: {} }), outcome: 'malformed' },
  { raw: frame('pusher_internal:subscription_count', OPEN), outcome: 'malformed' },
  { raw: frame('pusher_internal:member_added', OPEN, { user_info: {} }), outcome: 'malformed' },
  { raw: frame('pusher_internal:member_removed', OPEN), outcome: 'malformed' },
  { raw: frame('pusher:signin_success', undefined, { user_data: '{}' }), outcome: 'malformed' },
  { raw: frame('pusher_internal:watchlist_events', undefined, { events: [{ name: 'near' }] }), outcome: 'malformed' },
  { raw: frame('pusher:error', undefined, { code: 4301, message: 'too many' }), outcome: 'malformed' },
  { raw: frame('said', 'private-encrypted-never'), outcome: 'malformed' },
  { raw: new Uint8Array([0, 255]), outcome: 'malformed' },
  { raw: frame('pusher:pong'), outcome: 'ignored' },
  { raw: frame('pusher_internal:subscription_succeeded', 'private-never'), outcome: 'ignored' },
  { raw: frame('pusher:subscription_error', 'private-never', { error: 'no' }), outcome: 'ignored' },
  { raw: frame('said', 'private-never'), outcome: 'unrouted' },
  { raw: frame('said', '#server-to-user-nobody'), outcome: 'unrouted' },
  { raw: frame('pusher:cache_miss', 'private-cache-never'), outcome: 'unrouted' },
  { raw: frame('pusher_internal:member_added', 'presence-never', { user_id: 'ann' }), outcome: 'unrouted' },
  { raw: frame('pusher_internal:member_removed', 'presence-never', { user_id: 'ann' }), outcome: 'unrouted' },
]
