import { createServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { respond } from '../e2e/serve-folder.ts'
import { listen } from './http/listen.ts'
import { TcpSockets } from './http/tcp-sockets.ts'

export interface FaceServerOptions {
  /** Connection state recovery. @default false */
  readonly recovery?: boolean
  readonly pingIntervalMs?: number
}

/** What a server does when it is asked from outside; `log` gives what it has seen in one namespace. */
export type Command =
  | 'cut'
  | 'stop'
  | 'start'
  | 'connections'
  | 'peak'
  | 'log'
  | 'emit'
  | 'ask'
  | 'seen'
  | 'forget'
  | 'gone'

export interface FaceServer {
  readonly url: string
  readonly io: Server
  command(command: Command, namespace?: string, event?: string, ...args: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

interface EngineSocket {
  once(event: 'close', listener: () => void): void
}

/**
 * A folder's pages and, on the same origin, a real Socket.IO server with as many namespaces as are asked for, whose
 * sockets do what clients ask by events. `/refuse…` lets nobody in.
 */
export async function startFaceServer(folder: string, options: FaceServerOptions = {}): Promise<FaceServer> {
  const { recovery = false, pingIntervalMs = 25_000 } = options
  const http = createServer()
  const io = new Server(http, {
    pingInterval: pingIntervalMs,
    ...(recovery ? { connectionStateRecovery: {} } : {}),
  })
  http.on('request', (request, response) => {
    if (request.url?.startsWith('/socket.io') !== true) void respond(folder, request, response)
  })
  const tcp = new TcpSockets(http)
  const log = new Map<string, (readonly unknown[])[]>()
  let peak = 0
  let isStopped = false
  io.engine.on('connection', () => (peak = Math.max(peak, io.engine.clientsCount)))
  // Connections that come while it is stopped end at once.
  http.on('connection', socket => isStopped && socket.destroy())
  io.engine.use((_request: unknown, response: { writeHead(n: number): { end(): void } }, next: () => void) =>
    isStopped ? response.writeHead(503).end() : next(),
  )

  const all = io.of(/^\/.*$/)
  for (const namespace of [io, all]) {
    namespace.use((socket, next) => next(refusal(socket)))
    namespace.on('connection', serve)
  }

  function note(socket: Socket, ...what: readonly unknown[]): void {
    const { name } = socket.nsp
    const seen = log.get(name) ?? []
    seen.push(what)
    log.set(name, seen)
  }

  function serve(socket: Socket): void {
    note(socket, 'connect', socket.handshake.auth)
    socket.on('disconnect', reason => note(socket, 'disconnect', reason))
    socket.onAny((event: string, ...args: unknown[]) => note(socket, event, ...args.filter(isNoFunction)))
    socket.on('echo', (...args: unknown[]) => {
      const answer = args.at(-1)
      if (typeof answer === 'function') (answer as (...given: unknown[]) => void)(...args.slice(0, -1))
      else socket.emit('echo', ...args)
    })
    socket.on('give', (event: string, ...args: unknown[]) => socket.emit(event, ...args))
    socket.on('all', (event: string, ...args: unknown[]) => socket.nsp.emit(event, ...args))
    socket.on('others', (event: string, ...args: unknown[]) => socket.broadcast.emit(event, ...args))
    socket.on('join', (room: string, answer?: () => void) => {
      void socket.join(room)
      answer?.()
    })
    socket.on('leave', (room: string) => void socket.leave(room))
    socket.on('to', (room: string, event: string, ...args: unknown[]) => socket.nsp.to(room).emit(event, ...args))
    socket.on('both', (answer: (text: string) => void) => {
      answer('answered')
      socket.emit('after')
    })
    socket.on('ask', (event: string, ...args: unknown[]) =>
      socket
        .timeout(5_000)
        .emitWithAck(event, ...args)
        .then(
          (reply: unknown) => socket.emit('asked', reply),
          (error: Error) => socket.emit('asked', error.message),
        ),
    )
    socket.on('kick', () => socket.disconnect())
    socket.on('kick all', () => socket.disconnect(true))
    socket.on('whoami', (answer: (who: object) => void) => {
      const { auth, query } = socket.handshake
      const { EIO: _eio, transport: _transport, t: _t, sid: _sid, ...own } = query
      answer({ id: socket.id, auth, query: own, transport: socket.conn.transport.name })
    })
  }

  async function command(name: Command, where = '/', event = '', ...args: readonly unknown[]): Promise<unknown> {
    const namespace = io.of(where)
    switch (name) {
      case 'cut': {
        const gone = cut()
        // What nobody is there to hear.
        if (event !== '') for (const n of [1, 2]) namespace.emit(event, n)
        return gone
      }
      case 'stop':
        isStopped = true
        return cut()
      case 'start':
        isStopped = false
        return undefined
      case 'connections':
        return io.engine.clientsCount
      case 'peak':
        return peak
      case 'log':
        return log.get(where) ?? []
      case 'gone':
        return until(() => [...io._nsps.values()].every(({ sockets }) => sockets.size === 0))
      case 'forget':
        return log.clear()
      case 'seen':
        return until(() => countOf(log.get(where), event) >= Number(args[0] ?? 1))
      case 'emit':
        return void namespace.emit(event, ...args)
      case 'ask':
        return namespace.timeout(5_000).emitWithAck(event, ...args)
    }
  }

  async function cut(): Promise<void> {
    const clients = Object.values(
      (io.engine as unknown as { clients: { readonly [id: string]: EngineSocket } }).clients,
    )
    const gone = clients.map(client => new Promise<void>(resolve => client.once('close', resolve)))
    await Promise.all([tcp.cut(), ...gone])
  }

  const port = await listen(http)
  return {
    url: `http://127.0.0.1:${port}`,
    io,
    command,
    async close() {
      const gone = tcp.cut()
      await io.close()
      await gone
    },
  }
}

function refusal(socket: Socket): Error | undefined {
  const isRefused = socket.nsp.name.startsWith('/refuse') && socket.handshake.auth['token'] !== 'right'
  return isRefused ? Object.assign(new Error('not you'), { data: { code: 'E42' } }) : undefined
}

function isNoFunction(value: unknown): boolean {
  return typeof value !== 'function'
}

function countOf(seen: readonly (readonly unknown[])[] = [], event: unknown): number {
  return seen.filter(([what]) => what === event).length
}

async function until(probe: () => boolean): Promise<void> {
  while (!probe()) await new Promise(resolve => setTimeout(resolve, 2))
}
