import { createServer } from 'node:http'
import { listen } from '../http/listen.ts'
import { TcpSockets } from '../http/tcp-sockets.ts'
import { Channels } from './channels.ts'
import { Gate, type Limited } from './gate.ts'
import type { Auth, Outcome, Refusal } from './messages.ts'
import type { Identity, PublishedMessage, SessionDeps, SessionLog } from './session.ts'
import { SocketEndpoint } from './socket-endpoint.ts'
import { Store } from './store.ts'
import { StreamEndpoint } from './stream-endpoint.ts'

export interface WebSocketServerOptions {
  /** A port to come back on after a restart. @default any free one */
  readonly port?: number
  /** That of an earlier server, to go on from there. @default an empty one */
  readonly store?: Store
  /** Says who has these credentials; throws when nobody does. @default nobody needs any */
  readonly authenticate?: (credentials: Auth['credentials']) => Identity
  /** How long a new connection may take for its credentials. @default 10 000 */
  readonly authWithinMs?: number
  /** Channels that nobody may join. */
  readonly forbidden?: readonly string[]
  /** What becomes of a message. @default see {@link reply} */
  readonly handle?: (message: PublishedMessage, answer: (outcome: Outcome) => void) => void
  /** What is published becomes an event for all on its channel, the sender included. @default false */
  readonly passesOn?: boolean
  /** A WebSocket that leaves a ping unanswered until the next is closed. @default 25 000 */
  readonly pingIntervalMs?: number
  /** How long a session over event streams waits for its client to come back. @default 30 000 */
  readonly keptMs?: number
  /** How many messages it has for a client that comes back. @default 1 000 */
  readonly maxKept?: number
  /** How long such a client is to wait until it comes back. @default 1 000 */
  readonly retryMs?: number
  /** @default 1 048 576 */
  readonly maxMessageBytes?: number
}

export interface WebSocketServer extends Readonly<SessionLog> {
  /** Of the event streams: `/events` and `/publish`. */
  readonly url: string
  /** Of the WebSockets. */
  readonly socketUrl: string
  readonly port: number
  readonly store: Store
  /** WebSockets and open event streams now, and the most that there ever were at once. */
  readonly connections: () => number
  readonly peakConnections: () => number
  /** Sends an event to all on the channel. Bytes are a payload, too. */
  publish(channel: string, event: string, payload: unknown): void
  /** Publishes `tick` with a number that rises by one for each call, and returns it. */
  tick(channel: string, extra?: object): number
  /** Takes everybody out of a channel. @default refused */
  clear(channel: string, error?: Refusal): void
  /** Lets in no new connections, or no messages, for so long. */
  limit(what: Limited, retryAfterMs: number): void
  /** Closes every connection with this code. */
  closeAll(code: number, reason?: string): void
  /** Sends every connection these very bytes, or this very text: a frame of a WebSocket, a part of an event stream. */
  sendRaw(frame: string | Uint8Array): void
  /** Breaks every TCP connection without a word, as a network does. Resolves when the server has noticed. */
  cut(): Promise<void>
  /** Every connection there is goes half-open: nothing is read or written any more. New ones are not affected. */
  silence(): void
  close(): Promise<void>
}

/** A server for the protocol of docs/websocket-protocol.md, over WebSockets and over event streams. */
export async function startWebSocketServer(options: WebSocketServerOptions = {}): Promise<WebSocketServer> {
  const { store = new Store(), forbidden = [], pingIntervalMs = 25_000, maxMessageBytes = 1_048_576 } = options
  const { keptMs = 30_000, maxKept = 1_000, retryMs = 1_000 } = options
  const log: SessionLog = { auths: [], joins: [], leaves: [], published: [], repeated: [] }
  const channels = new Channels(store)
  const gate = new Gate()
  const session: SessionDeps = {
    channels,
    store,
    gate,
    authenticate: options.authenticate,
    authWithinMs: options.authWithinMs ?? 10_000,
    isForbidden: channel => forbidden.includes(channel),
    handle: options.handle ?? reply,
    passesOn: options.passesOn ?? false,
    log,
  }
  const ticks = new Map<string, number>()
  let peak = 0

  const http = createServer((request, response) => void streams.respond(request, response))
  const sockets = new TcpSockets(http)
  const connections = (): number => webSockets.size + streams.size
  const onChange = (): void => {
    peak = Math.max(peak, connections())
  }
  const webSockets = new SocketEndpoint({ http, session, pingIntervalMs, maxMessageBytes, onChange })
  const streams = new StreamEndpoint({ session, keptMs, maxKept, retryMs, maxMessageBytes, pingIntervalMs, onChange })
  const endpoints = [webSockets, streams]

  const port = await listen(http, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    socketUrl: `ws://127.0.0.1:${port}/socket`,
    port,
    store,
    ...log,
    connections,
    peakConnections: () => peak,
    publish: (channel, event, payload) => channels.publish(channel, event, payload),
    tick(channel, extra) {
      const n = (ticks.get(channel) ?? 0) + 1
      ticks.set(channel, n)
      channels.publish(channel, 'tick', { n, ...extra })
      return n
    },
    clear: (channel, error = { code: 'refused', message: 'not for you any more' }) => channels.clear(channel, error),
    limit: (what, retryAfterMs) => gate.limit(what, retryAfterMs),
    closeAll(code, reason = '') {
      for (const endpoint of endpoints) endpoint.closeAll(code, reason)
    },
    sendRaw(frame) {
      for (const endpoint of endpoints) endpoint.sendRaw(frame)
    },
    async cut() {
      const gone = webSockets.gone()
      await sockets.cut()
      await gone
    },
    silence() {
      for (const endpoint of endpoints) endpoint.silence()
    },
    async close() {
      const closed = new Promise(resolve => http.close(resolve))
      for (const endpoint of endpoints) endpoint.close()
      await sockets.cut()
      await closed
    },
  }
}

/** `fail` is refused, `silent` never answered, anything else echoed. */
function reply({ event, payload }: PublishedMessage, answer: (outcome: Outcome) => void): void {
  if (event === 'silent') return
  if (event === 'fail') answer({ ok: false, error: { code: 'refused', message: 'no such table' } })
  else answer({ ok: true, reply: payload instanceof Uint8Array ? { bytes: payload.length } : { echo: payload } })
}
