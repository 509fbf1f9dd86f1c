import type { Server } from 'socket.io'
import { socketIo } from '../../../src/worker/transports/socket-io.ts'
import { startProxy } from '../faults/proxy.ts'
import { waitFor } from '../line/wait-for.ts'
import { startSocketIoServer, type PublishedMessage } from '../servers/socket-io-server.ts'
import type { HostileFrame, Subject, SubjectServer } from './subject.ts'

/** Socket.IO over WebSocket, with connection state recovery and rooms by events of the server's own. */
export const socketIoSubject: Subject = {
  name: 'socket.io',
  start,
}

const BATCH = 'batch'
const SERVICE_RESTART = 1012

async function start(): Promise<SubjectServer> {
  let issued = 0
  let refusesAll = false
  let retryAfterMs: number | undefined
  const received: Wire[] = []

  const server = await startSocketIoServer({
    recovery: 'with middlewares',
    forbidden: ['secret'],
    pingIntervalMs: 700,
    pingTimeoutMs: 1_500,
    authenticate(auth) {
      if (retryAfterMs !== undefined) throw Object.assign(new Error('slow down'), { data: { retryAfterMs } })
      if (refusesAll || typeof auth['token'] !== 'string') throw new Error('not with this token')
    },
    handle({ event, payload }, answer) {
      const messages = event === BATCH ? (payload as PublishedMessage[]) : [{ event, payload }]
      for (const message of messages) received.push(toWire(message))
      const replies = messages.map(toReply)
      if (replies.includes(undefined)) return
      answer(event === BATCH ? replies : replies[0])
    },
  })
  const proxy = await startProxy(server.port)
  let connected = 0
  server.io.engine.on('connection', () => connected++)

  return {
    transport: () =>
      socketIo({
        url: proxy.url,
        rooms: { join: 'join', leave: 'leave' },
        transports: ['websocket'],
        batchEvent: BATCH,
      }),
    credentials: () => ({ token: `token-${++issued}` }),
    connections: server.connections,
    channels: { open: 'orders', other: 'floor', forbidden: 'secret' },
    events: { refused: 'refuse', silent: 'silent' },
    async emit(channel, event, payload) {
      server.io.to(channel).emit(`${channel}:${event}`, payload)
    },
    received: () => received,
    async cut() {
      const before = connected
      proxy.cut()
      // A line may be back before anybody has looked.
      await waitFor(() => server.connections() === 0 || connected > before, 'the server to notice')
    },
    async silence() {
      proxy.swallow()
    },
    async heal() {
      proxy.heal()
    },
    async restart() {
      for (const socket of webSockets(server.io)) socket.close(SERVICE_RESTART)
    },
    async dismiss() {
      server.io.disconnectSockets(true)
    },
    refuseCredentials(isRefused) {
      refusesAll = isRefused
    },
    limitRate(ms) {
      retryAfterMs = ms
    },
    inject(raw) {
      for (const socket of webSockets(server.io)) socket.send(raw)
    },
    hostile: HOSTILE,
    isBeyondUs: raw => typeof raw === 'string' && LIBRARY_THROWS.test(raw),
    async close() {
      await proxy.close()
      await server.close()
    },
  }
}

/** Opening packets of Engine.IO that are no handshake, and packets of Socket.IO without the payload that they need. */
const LIBRARY_THROWS = /^(0|4[2456](\d+-)?(\/[^,]*,?)?\d*$)/

const HOSTILE: readonly HostileFrame[] = [
  { raw: '42["nobody:knows",{}]', outcome: 'unrouted' },
  { raw: '42["orders:unheard",{"a":[1]}]', outcome: 'ignored' },
  { raw: '42["unnamed"]', outcome: 'unrouted' },
  { raw: '42["__proto__:constructor",{}]', outcome: 'unrouted' },
  { raw: '42[7,"orders:said"]', outcome: 'malformed' },
  { raw: '43999["of a question that nobody asked"]', outcome: 'ignored' },
  { raw: '42/elsewhere,["orders:said",{}]', outcome: 'ignored' },
  { raw: '40/elsewhere,{"sid":"x"}', outcome: 'ignored' },
  { raw: '44{"message":"refused when it was accepted before"}', outcome: 'lost' },
  { raw: '6', outcome: 'ignored' },
  { raw: '42["orders:said"', outcome: 'lost' },
  { raw: '42{}', outcome: 'lost' },
  { raw: '49', outcome: 'lost' },
  { raw: '9', outcome: 'lost' },
  { raw: '451-["orders:said",{"_placeholder":true,"num":4}]', outcome: 'lost' },
  { raw: new Uint8Array([1, 2, 3]), outcome: 'lost' },
  { raw: '1', outcome: 'ignored' },
  { raw: '40', outcome: 'lost' },
  { raw: '41', outcome: 'lost' },
]

interface Wire {
  readonly channel: string
  readonly event: string
  readonly payload: unknown
}

function toWire({ event: name, payload }: PublishedMessage): Wire {
  const colon = name.lastIndexOf(':')
  return { channel: name.slice(0, colon), event: name.slice(colon + 1), payload }
}

/** `undefined` for what is never answered. */
function toReply({ event, payload }: PublishedMessage): object | undefined {
  if (event.endsWith(':silent')) return undefined
  return event.endsWith(':refuse') ? { ok: false, error: 'not this one' } : { ok: true, echo: payload }
}

/** As much of a socket of `ws` as is needed here. */
interface RawSocket {
  send(raw: string | Uint8Array): void
  close(code: number): void
}

/** Those below Engine.IO, which keeps them to itself. */
function webSockets(io: Server): RawSocket[] {
  const { clients } = io.engine as unknown as {
    clients: { readonly [id: string]: { readonly transport: { readonly socket: RawSocket } } }
  }
  return Object.values(clients).map(({ transport }) => transport.socket)
}
