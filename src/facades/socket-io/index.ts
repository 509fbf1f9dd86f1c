import { toAddress } from './address.ts'
import { FaceManager } from './face-manager.ts'
import { FaceSocket } from './face-socket.ts'
import type { Options } from './options.ts'
import type {
  DefaultEventsMap,
  EventsMap,
  Lookup,
  Manager as ManagerType,
  ManagerConstructor,
  Socket as SocketType,
  SocketConstructor,
} from './types.ts'

export { useWorker } from '../line-for.ts'
export type { FaceOptions, ManagerOptions, SocketOptions } from './options.ts'
export type { DisconnectDescription, ExtendedError, ManagerReservedEvents, SocketReservedEvents } from './types.ts'

/** The version of Socket.IO's protocol. */
export const protocol = 5

const managers: { [server: string]: FaceManager | undefined } = {}

function lookup(uri?: string | Options, options?: Options): FaceSocket {
  const opts = Object(uri) === uri ? (uri as Options) : (options ?? {})
  const { origin, server, namespace, query } = toAddress(uri, (opts.path ??= '/socket.io'))
  const known = managers[server]
  if (query) opts.query ??= query
  const isNew = opts.forceNew || opts.multiplex === false || (known && namespace in known.nsps)
  const manager = isNew ? new FaceManager(origin, opts) : (managers[server] ??= new FaceManager(origin, opts))
  return manager.socket(namespace, opts)
}

export const Manager = FaceManager as unknown as ManagerConstructor
export type Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> = ManagerType<ListenEvents, EmitEvents>

export const Socket = FaceSocket as unknown as SocketConstructor
export type Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> = SocketType<ListenEvents, EmitEvents>
export declare namespace Socket {
  type DisconnectReason = SocketType.DisconnectReason
}

/**
 * A socket of a namespace, as the original gives it, over the connection that all tabs share.
 *
 * @example
 * const socket = io({ auth: { token } })
 * socket.on('created', order => render(order))
 */
const io: Lookup = /* @__PURE__ */ Object.assign(lookup as unknown as Lookup, {
  Manager,
  Socket,
  io: lookup,
  connect: lookup,
})

export { io, io as connect }
// oxlint-disable-next-line import/no-default-export -- as the original has it
export default io
