import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Pusher from 'pusher'
import { WebSocketServer, type WebSocket } from 'ws'
import { allowCrossOrigin } from '../http/cross-origin.ts'
import { listen } from '../http/listen.ts'
import { readBody } from '../http/read-body.ts'
import { TcpSockets } from '../http/tcp-sockets.ts'
import type { App } from './app.ts'
import { AuthEndpoint } from './auth-endpoint.ts'
import { Channels } from './channels.ts'
import { Connection, type ConnectionTimes } from './connection.ts'
import { handshakeRefusal } from './handshake.ts'
import { HttpApi } from './http-api.ts'
import { refuse, type Reply } from './reply.ts'
import { Session, type SessionDeps, type SessionLog } from './session.ts'
import { Users } from './users.ts'

export interface PusherServerOptions {
  /** A port to come back on after a restart. @default any free one */
  readonly port?: number
  /** @default `{ id: 'app', key: 'key', secret: 'secret' }` */
  readonly app?: App
  /** 32 bytes, for encrypted channels. @default bytes that are always the same */
  readonly encryptionMasterKeyBase64?: string
  /** After this long without a word from either side the other one is pinged. @default 120 000 */
  readonly activityTimeoutMs?: number
  /** How long a client has for its answer. @default 30 000 */
  readonly pongTimeoutMs?: number
  /** More are closed with 4004. @default no limit */
  readonly maxConnections?: number
  /** Of one presence channel. @default 100 */
  readonly maxMembers?: number
  /** Of one connection; more are refused with error 4301. @default 10 */
  readonly clientEventsPerSecond?: number
  /** Tells those on a channel how many they are, as an app of Pusher can be set to. @default true */
  readonly subscriptionCounts?: boolean
  /** Connections on which nobody has signed in by then are closed with 4009. @default never */
  readonly signinWithinMs?: number
}

export interface PusherServer extends Readonly<SessionLog> {
  /** Of the HTTP API and the auth endpoints; pusher-js takes `wsHost` and `wsPort` instead. */
  readonly url: string
  readonly port: number
  readonly app: App
  /** The official server library, set up for this server. */
  readonly sdk: Pusher
  /** `/pusher/auth` and `/pusher/user-auth`. */
  readonly auth: AuthEndpoint
  /** Connections now, and the most that there ever were at once. */
  readonly connections: () => number
  readonly peakConnections: () => number
  /** Of one channel, now. */
  readonly subscriptionCount: (channel: string) => number
  /** Publishes `tick` with a number that rises by one for each call, and returns it. */
  tick(channel: string, extra?: object): number
  /** Empties the cache of all cache channels, as time does. */
  forgetCached(): void
  /** Closes new connections with this code; with `undefined` lets them in again. */
  refuse(code: number | undefined): void
  /** Closes every connection with this code. */
  closeAll(code: number, reason?: string): void
  /** Sends every connection these very bytes, or this very text. */
  sendRaw(frame: string | Uint8Array): void
  /** Breaks every TCP connection without a word, as a network does. Resolves when the server has noticed. */
  cut(): Promise<void>
  /** Every connection there is goes half-open: nothing is read or written any more. New ones are not affected. */
  silence(): void
  close(): Promise<void>
}

const APP: App = { id: 'app', key: 'key', secret: 'secret' }
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')

/** A server for the Pusher Channels protocol, version 7, with the HTTP API and the auth endpoints of an app. */
export async function startPusherServer(options: PusherServerOptions = {}): Promise<PusherServer> {
  const { app = APP, encryptionMasterKeyBase64 = MASTER_KEY, maxConnections = Infinity } = options
  const times = {
    activityTimeoutMs: options.activityTimeoutMs ?? 120_000,
    pongTimeoutMs: options.pongTimeoutMs ?? 30_000,
  }
  const log: SessionLog = { subscriptions: [], unsubscriptions: [], clientEvents: [], signins: [] }
  const channels = new Channels(options.subscriptionCounts ?? true)
  const users = new Users()
  const deps: SessionDeps = {
    app,
    channels,
    users,
    maxMembers: options.maxMembers ?? 100,
    clientEventsPerSecond: options.clientEventsPerSecond ?? 10,
    signinWithinMs: options.signinWithinMs,
    log,
  }
  const sdkOn = (port: number): Pusher =>
    new Pusher({ appId: app.id, ...app, host: '127.0.0.1', port: String(port), encryptionMasterKeyBase64 })
  const api = new HttpApi({ app, channels, users })
  const auth = new AuthEndpoint(sdkOn(0))
  const connections = new Set<Connection>()
  const ticks = new Map<string, number>()
  let peak = 0
  let refusedWith: number | undefined

  const http = createServer((request, response) => void respond(request, response, api, auth))
  const sockets = new TcpSockets(http)
  const server = new WebSocketServer({ server: http })
  server.on('connection', (socket, request) => {
    const isFull = connections.size >= maxConnections
    const refusal = handshakeRefusal(new URL(request.url ?? '/', 'ws://localhost'), app, { refusedWith, isFull })
    if (refusal === undefined) greet(socket)
    else socket.close(refusal.code, refusal.reason)
  })

  function greet(socket: WebSocket): void {
    const connection = open(socket, times, deps)
    connections.add(connection)
    peak = Math.max(peak, connections.size)
    socket.on('close', () => connections.delete(connection))
  }

  const port = await listen(http, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    app,
    sdk: sdkOn(port),
    auth,
    ...log,
    connections: () => connections.size,
    peakConnections: () => peak,
    subscriptionCount: channel => channels.get(channel)?.subscriptionCount ?? 0,
    tick(channel, extra) {
      const n = (ticks.get(channel) ?? 0) + 1
      ticks.set(channel, n)
      channels.publish(channel, { event: 'tick', channel, data: JSON.stringify({ n, ...extra }) })
      return n
    },
    forgetCached: () => channels.forgetCached(),
    refuse(code) {
      refusedWith = code
    },
    closeAll(code, reason = '') {
      for (const connection of connections) connection.end(code, reason)
    },
    sendRaw(frame) {
      for (const connection of connections) connection.sendRaw(frame)
    },
    async cut() {
      const gone = [...server.clients].map(socket => once(socket, 'close'))
      await sockets.cut()
      await Promise.all(gone)
    },
    silence() {
      for (const connection of connections) connection.silence()
    },
    async close() {
      const closed = new Promise(resolve => http.close(resolve))
      server.close()
      await sockets.cut()
      await closed
    },
  }
}

function open(socket: WebSocket, times: ConnectionTimes, deps: SessionDeps): Connection {
  const connection = new Connection(socket, newSocketId(), times)
  const session = new Session(connection, deps)
  socket.on('message', data => session.receive((data as Buffer).toString()))
  socket.on('close', () => session.end())
  // What fails on a connection ends it, too; the end is what counts.
  socket.on('error', () => {})
  const established = { socket_id: connection.socketId, activity_timeout: times.activityTimeoutMs / 1000 }
  connection.send({ event: 'pusher:connection_established', data: JSON.stringify(established) })
  return connection
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  api: HttpApi,
  auth: AuthEndpoint,
): Promise<void> {
  if (allowCrossOrigin(request, response)) return
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost')
  const { method = 'GET', headers } = request
  const body = await readBody(request)
  const isAuth = method === 'POST' && /^\/pusher\/(user-)?auth$/.test(path)
  const isApi = path.startsWith('/apps/')
  if (isAuth) return send(response, auth.answer({ path, headers, body }))
  send(response, isApi ? api.answer({ method, path, query, body }) : refuse(404, `There is no ${method} ${path}`))
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const isText = typeof body === 'string'
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' })
  response.end(isText ? body : JSON.stringify(body))
}

/** Two numbers with a dot between; libraries check that. */
function newSocketId(): string {
  const part = (): number => Math.floor(Math.random() * 1e9)
  return `${part()}.${part()}`
}
