/** Compiles as an app of socket.io-client does, over either of the two: `tsconfig.json` is the face, the other the original. */
import connectDefault, {
  connect,
  io,
  Manager,
  protocol,
  Socket,
  type ManagerOptions,
  type SocketOptions,
} from 'socket.io-under-test'

declare function use(...values: readonly unknown[]): void

interface FromServer {
  created: (order: { id: number }, at: string) => void
  question: (text: string, answer: (reply: boolean) => void) => void
}
interface ToServer {
  place: (order: { table: number }, answer: (id: number) => void) => void
  seen: () => void
}

const options: Partial<ManagerOptions & SocketOptions> = {
  auth: send => send({ token: 'a' }),
  query: { page: 'orders' },
  transports: ['websocket'],
  withCredentials: true,
  reconnectionDelay: 500,
  retries: 3,
}
const socket: Socket<FromServer, ToServer> = io('https://example.com/orders', options)
const plain: Socket = io({ autoConnect: false })
const both: number = protocol
const others: Socket[] = [connect(), connectDefault('/x')]

socket
  .on('connect', () => use(socket.id, socket.recovered))
  .on('connect_error', error => use(error.message, error.data))
  .on('disconnect', (reason: Socket.DisconnectReason, description) => use(reason, description))
  .on('created', (order, at) => use(order.id, at.length))
  .once('question', (text, answer) => answer(text === ''))
socket.emit('place', { table: 4 }, id => id.toFixed())
socket.timeout(5).emit('place', { table: 4 }, (error, id) => use(error.message, id.toFixed()))
socket.volatile.compress(false).emit('seen')
const id: Promise<number> = socket.emitWithAck('place', { table: 4 })
const late: Promise<number> = socket.timeout(5).emitWithAck('place', { table: 4 })
socket.off('created').off()
socket.onAny((event, ...args) => use(event, args))
socket.listeners('created')[0]?.({ id: 1 }, '')
plain.on('anything', (...args: unknown[]) => use(args)).emit('whatever', 1, 2)
plain.auth = { token: 'b' }
plain.sendBuffer = []

const manager = new Manager('https://example.com', { reconnectionAttempts: 3 })
const admin: Socket = manager.socket('/admin', { auth: { token: 'c' } })
manager
  .reconnection(false)
  .reconnectionDelayMax(5)
  .open(error => use(error?.message))
const attempts: number = manager.reconnectionAttempts()
manager.on('reconnect_attempt', n => n.toFixed())
manager.on('error', error => use(error.message))
socket.io.engine.on('upgrade', transport => use(transport.name))
use(socket.io.engine.transport.name, socket.io.opts.query, admin instanceof Socket, attempts, both, others, id, late)

// @ts-expect-error no such event
socket.emit('plce', { table: 4 })

// @ts-expect-error not what it takes
socket.emit('place', { tble: 4 }, () => {})

// @ts-expect-error nor what it gives
socket.on('created', (order: string) => use(order))
