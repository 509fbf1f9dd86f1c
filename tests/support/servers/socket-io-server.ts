import { createServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { listen } from './http/listen.ts'
import { TcpSockets } from './http/tcp-sockets.ts'

export interface SocketIoServerOptions {
  /** A port to come back on after a restart. @default any free one */
  readonly port?: number
  /** Connection state recovery, which asks no middleware for a session that is restored. @default true */
  readonly recovery?: boolean | 'with middlewares'
  /** Refuses a handshake when it throws; called with the handshake's `auth`. */
  readonly authenticate?: (auth: { readonly [key: string]: unknown }) => void
  /** Rooms that nobody may join. */
  readonly forbidden?: readonly string[]
  /**
   * How often the server pings, and how long it waits for the answer. A client waits for a ping for as long as both
   * together, so these tell how soon either side notices a connection that went silent.
   * @default Socket.IO's own: 25 000 and 20 000
   */
  readonly pingIntervalMs?: number
  readonly pingTimeoutMs?: number
  /** What becomes of a message; it is acknowledged with what this gives. @default see {@link reply} */
  readonly handle?: (message: PublishedMessage, answer: (reply: unknown) => void) => void
}

export interface PublishedMessage {
  readonly event: string
  readonly payload: unknown
  readonly idempotencyKey?: string | undefined
}

export interface SocketIoServer {
  readonly url: string
  readonly port: number
  readonly io: Server
  /** Connections now, and the most that there ever were at once. */
  readonly connections: () => number
  readonly peakConnections: () => number
  /** `join` and `leave` events since the start. */
  readonly joins: readonly string[]
  readonly leaves: readonly string[]
  /** What clients published to `<room>:say` and such, in order of arrival. */
  readonly published: readonly PublishedMessage[]
  /** Emits `<room>:tick` with a number that rises by one for each call, and returns it. */
  tick(room: string, extra?: object): number
  /** Breaks every TCP connection without a word, as a network does. Resolves when the server has noticed. */
  cut(): Promise<void>
  close(): Promise<void>
}

interface EngineSocket {
  once(event: 'close', listener: () => void): void
}

/** A real Socket.IO server with rooms by `join` and `leave`, as Partyline's tests and demo use them. */
export async function startSocketIoServer(options: SocketIoServerOptions = {}): Promise<SocketIoServer> {
  const { recovery = true, forbidden = [], pingIntervalMs = 25_000, pingTimeoutMs = 20_000 } = options
  const http = createServer()
  const io = new Server(http, {
    cors: { origin: true, credentials: true },
    maxHttpBufferSize: 1e8,
    pingInterval: pingIntervalMs,
    pingTimeout: pingTimeoutMs,
    ...(recovery === false ? {} : { connectionStateRecovery: { skipMiddlewares: recovery === true } }),
  })
  const sockets = new TcpSockets(http)
  const joins: string[] = []
  const leaves: string[] = []
  const published: PublishedMessage[] = []
  const handle = options.handle ?? reply
  const ticks = new Map<string, number>()
  let peak = 0

  io.engine.on('connection', () => {
    peak = Math.max(peak, io.engine.clientsCount)
  })
  io.use((socket, next) => next(refusal(options, socket)))
  io.on('connection', serve)
  io.of('/chat').on('connection', serve)

  function serve(socket: Socket): void {
    socket.on('join', (room: string, answer: (reply: unknown) => void) => {
      joins.push(room)
      if (forbidden.includes(room)) return answer({ ok: false, error: 'not for you' })
      void socket.join(room)
      answer({ ok: true })
    })
    socket.on('leave', (room: string) => {
      leaves.push(room)
      void socket.leave(room)
    })
    socket.onAny((event: string, ...args: unknown[]) => {
      if (event === 'join' || event === 'leave') return
      const answer = args.pop() as (reply: unknown) => void
      const [payload, more] = args as [unknown, { idempotencyKey?: string }?]
      const message = { event, payload, ...more }
      published.push({ event, payload })
      handle(message, answer)
    })
  }

  const port = await listen(http, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    io,
    connections: () => io.engine.clientsCount,
    peakConnections: () => peak,
    joins,
    leaves,
    published,
    tick(room, extra) {
      const n = (ticks.get(room) ?? 0) + 1
      ticks.set(room, n)
      io.to(room).emit(`${room}:tick`, { n, ...extra })
      return n
    },
    async cut() {
      const clients = engineSockets(io)
      const gone = clients.map(client => new Promise(resolve => client.once('close', () => resolve(undefined))))
      await Promise.all([sockets.cut(), ...gone])
    },
    async close() {
      const gone = sockets.cut()
      await io.close()
      await gone
    },
  }
}

/** A record that Engine.IO keeps but does not publish. */
function engineSockets(io: Server): EngineSocket[] {
  return Object.values((io.engine as unknown as { clients: { readonly [id: string]: EngineSocket } }).clients)
}

function refusal({ authenticate }: SocketIoServerOptions, socket: Socket): Error | undefined {
  try {
    authenticate?.(socket.handshake.auth)
    return undefined
  } catch (error) {
    return error as Error
  }
}

/** `…:fail` is refused, `…:silent` never answered, anything else echoed. */
function reply({ event, payload }: PublishedMessage, answer: (reply: unknown) => void): void {
  if (event.endsWith(':silent')) return
  answer(event.endsWith(':fail') ? { ok: false, error: 'no such table' } : { ok: true, echo: payload })
}
