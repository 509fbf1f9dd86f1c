import { createServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { respond } from '../e2e/serve-folder.ts'
import { listen } from './http/listen.ts'
import { TcpSockets } from './http/tcp-sockets.ts'

export interface EchoServer {
  readonly url: string
  readonly connections: () => number
  /** `subscribe` and `unsubscribe`, with their channels, since the start. */
  readonly heard: readonly string[]
  /** As Laravel sends an event that is broadcast. */
  broadcast(channel: string, event: string, data: unknown): void
  cut(): Promise<void>
  close(): Promise<void>
}

interface Member {
  readonly socketId: string
  readonly user_id: string
  readonly user_info: { readonly name: string }
}

interface Subscription {
  readonly channel: string
  readonly auth?: { readonly headers?: { readonly [header: string]: string } }
}

/**
 * What Laravel Echo's connector for Socket.IO expects: the events of `laravel-echo-server`, beside a folder's pages.
 * Whoever has a header `Authorization: Bearer <name>` is that user; nobody may join `private-closed`.
 */
export async function startEchoServer(folder: string): Promise<EchoServer> {
  const http = createServer()
  const io = new Server(http)
  http.on('request', (request, response) => {
    if (request.url?.startsWith('/socket.io') !== true) void respond(folder, request, response)
  })
  const tcp = new TcpSockets(http)
  const members = new Map<string, Member[]>()
  const heard: string[] = []

  io.on('connection', socket => {
    socket.on('subscribe', (subscription: Subscription) => {
      heard.push(`subscribe ${subscription.channel}`)
      subscribe(socket, subscription)
    })
    socket.on('unsubscribe', ({ channel }: Subscription) => {
      heard.push(`unsubscribe ${channel}`)
      leave(socket, channel)
    })
    socket.on('client event', ({ channel, event, data }: { channel: string; event: string; data: unknown }) => {
      if (socket.rooms.has(channel) && /^(private|presence)-/.test(channel))
        socket.broadcast.to(channel).emit(event, channel, data)
    })
    socket.on('disconnecting', () => {
      for (const channel of socket.rooms) leave(socket, channel)
    })
  })

  function subscribe(socket: Socket, { channel, auth }: Subscription): void {
    const user = /^Bearer (\w+)$/.exec(auth?.headers?.['Authorization'] ?? '')?.[1]
    const isGuarded = /^(private|presence)-/.test(channel)
    if (isGuarded && (user === undefined || channel === 'private-closed'))
      return void socket.emit('subscription_error', channel, 403)
    void socket.join(channel)
    if (!channel.startsWith('presence-') || user === undefined) return
    const known = members.get(channel) ?? []
    const member = { socketId: socket.id, user_id: user, user_info: { name: user } }
    if (!known.some(({ socketId }) => socketId === socket.id)) {
      if (!known.some(({ user_id }) => user_id === user)) socket.to(channel).emit('presence:joining', channel, member)
      known.push(member)
      members.set(channel, known)
    }
    socket.emit('presence:subscribed', channel, known)
  }

  function leave(socket: Socket, channel: string): void {
    void socket.leave(channel)
    const known = members.get(channel) ?? []
    const gone = known.find(({ socketId }) => socketId === socket.id)
    if (gone === undefined) return
    const left = known.filter(member => member !== gone)
    members.set(channel, left)
    if (!left.some(({ user_id }) => user_id === gone.user_id)) io.to(channel).emit('presence:leaving', channel, gone)
  }

  const port = await listen(http)
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => io.engine.clientsCount,
    heard,
    broadcast: (channel, event, data) => void io.to(channel).emit(event, channel, data),
    cut: () => tcp.cut(),
    async close() {
      const gone = tcp.cut()
      await io.close()
      await gone
    },
  }
}
