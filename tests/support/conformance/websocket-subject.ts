import '../line/web-socket.ts'
import { webSocket } from '../../../src/worker/transports/websocket.ts'
import type { Transport } from '../../../src/worker/upstream/transport.ts'
import { startProxy } from '../faults/proxy.ts'
import { startUpgradeBarrier } from '../faults/upgrade-barrier.ts'
import { waitFor } from '../line/wait-for.ts'
import { startWebSocketServer, type WebSocketServer } from '../servers/websocket/websocket-server.ts'
import { openSocket } from '../servers/websocket/wire-client.ts'
import type { HostileFrame, Subject, SubjectServer } from './subject.ts'

/** The protocol of docs/websocket-protocol.md over a WebSocket. */
export const webSocketSubject: Subject = { name: 'websocket', start: () => start('socket') }

/** The same where sockets do not get through: over an event stream and POST. */
export const eventStreamSubject: Subject = { name: 'event stream', start: () => start('events') }

const RESTART = 1012
const ON_PURPOSE = 1000

async function start(way: 'socket' | 'events'): Promise<SubjectServer> {
  let issued = 0
  let refusesAll = false
  let retryAfterMs: number | undefined
  const server = await startWebSocketServer({
    forbidden: ['secret'],
    maxMessageBytes: 4_000_000,
    keptMs: 100,
    authenticate({ token }) {
      if (refusesAll || typeof token !== 'string') throw new Error('not with this token')
      return { user: 'ann' }
    },
    handle({ event, payload }, answer) {
      if (event === 'silent') return
      if (event === 'refuse') answer({ ok: false, error: { code: 'refused', message: 'not this one' } })
      else answer({ ok: true, reply: payload instanceof Uint8Array ? { bytes: payload.length } : { echo: payload } })
    },
  })
  const proxy = await startProxy(server.port)
  const barrier = await startUpgradeBarrier(proxy.port)
  if (way === 'events') barrier.bar(true)
  let guests = 0

  function transport(): Transport {
    return webSocket({
      url: `${barrier.url}/socket`,
      pingMs: 700,
      pongMs: 800,
      maxFrameBytes: 3_000_000,
      fallback: {
        events: `${barrier.url}/events`,
        publish: `${barrier.url}/publish`,
        afterFailures: 1,
        withinMs: 3_000,
        returnBaseMs: 200,
        returnMaxMs: 1_000,
      },
    })
  }

  return {
    transport: () => (way === 'socket' ? transport() : inSilence(transport())),
    credentials: () => ({ token: `token-${++issued}` }),
    connections: server.connections,
    channels: { open: 'orders', other: 'floor', forbidden: 'secret', presence: 'floor' },
    events: { refused: 'refuse', silent: 'silent' },
    async emit(channel, event, payload) {
      server.publish(channel, event, payload)
    },
    received: () => server.published.map(({ channel, event, payload }) => ({ channel, event, payload })),
    async cut() {
      const before = server.auths.length
      proxy.cut()
      // A line may be back before anybody has looked.
      await waitFor(() => server.connections() <= guests || server.auths.length > before, 'the server to notice')
    },
    async silence() {
      proxy.swallow()
    },
    async heal() {
      proxy.heal()
    },
    async restart() {
      server.closeAll(RESTART)
    },
    async dismiss() {
      server.closeAll(ON_PURPOSE)
    },
    refuseCredentials(isRefused) {
      refusesAll = isRefused
    },
    limitRate(ms) {
      retryAfterMs = ms
      server.limit('connections', retryAfterMs ?? 0)
    },
    async enter(state) {
      const guest = await enter(server, state)
      guests++
      return {
        id: guest.id,
        async leave() {
          await guest.leave()
          guests--
        },
      }
    },
    ...(way === 'socket'
      ? { barBestWay: isBarred => barrier.bar(isBarred), inject: raw => server.sendRaw(raw), hostile: HOSTILE }
      : {
          inject: raw => server.sendRaw(typeof raw === 'string' ? toBlock(raw) : Buffer.concat([raw, BLOCK_END])),
          hostile: HOSTILE.filter(({ raw }) => typeof raw === 'string'),
        }),
    renewals: () => server.auths.slice(1),
    async close() {
      await barrier.close()
      await proxy.close()
      await server.close()
    },
  }
}

const BLOCK_END = Buffer.from('\n\n')

/** Text as an event of a stream. */
function toBlock(text: string): string {
  const lines = text.split(/\r\n|\r|\n/)
  return `${lines.map(line => `data: ${line}\n`).join('')}\n`
}

/** That it is a lesser way is a case of its own; the others are about the line. */
function inSilence(transport: Transport): Transport {
  return { ...transport, create: sink => transport.create({ ...sink, degraded: () => {} }) }
}

async function enter(server: WebSocketServer, state: unknown): Promise<{ id: string; leave(): Promise<void> }> {
  const other = await openSocket(server)
  await other.ask({ type: 'auth', credentials: { token: 'other' } })
  await other.ask({ type: 'join', channel: 'floor' })
  const { reply } = await other.ask({ type: 'track', channel: 'floor', state })
  return {
    id: (reply as { member: string }).member,
    async leave() {
      other.end()
      await other.closed
    },
  }
}

const HOSTILE: readonly HostileFrame[] = [
  { raw: 'no json', outcome: 'malformed' },
  { raw: '[]', outcome: 'malformed' },
  { raw: 'null', outcome: 'malformed' },
  { raw: '{"type":"surprise"}', outcome: 'malformed' },
  { raw: '{"type":"event","channel":7,"event":"said"}', outcome: 'malformed' },
  { raw: '{"type":"event","channel":"orders"}', outcome: 'malformed' },
  { raw: '{"type":"presence","channel":"orders","state":[]}', outcome: 'malformed' },
  { raw: '{"type":"ack","id":"one","ok":true}', outcome: 'malformed' },
  { raw: '{"type":"ack","id":1,"ok":false}', outcome: 'malformed' },
  { raw: '{"type":"left","channel":"orders","error":"no"}', outcome: 'malformed' },
  { raw: new Uint8Array([0, 0]), outcome: 'malformed' },
  { raw: new Uint8Array([255, 255, 255, 255, 1]), outcome: 'malformed' },
  { raw: JSON.stringify({ type: 'event', channel: 'orders', event: 'x'.repeat(4_000_000) }), outcome: 'malformed' },
  { raw: '{"type":"ack","id":9999,"ok":true}', outcome: 'ignored' },
  { raw: '{"type":"event","channel":"never joined","event":"said"}', outcome: 'unrouted' },
  { raw: '{"type":"presence","channel":"never joined","present":[],"gone":["ann"]}', outcome: 'unrouted' },
]
