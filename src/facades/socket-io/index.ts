import { toAddress } from './address.ts'
import { Manager } from './manager.ts'
import type { ManagerOptions } from './options.ts'
import { Socket } from './socket.ts'

export { useWorker } from '../line-for.ts'

/** The version of Socket.IO's protocol. */
export const protocol = 5

const managers: { [server: string]: Manager | undefined } = {}

function lookup(uri?: string | ManagerOptions, opts: ManagerOptions = {}): Socket {
  if (typeof uri === 'object') {
    opts = uri
    uri = undefined
  }
  const { source, server, namespace, query } = toAddress(uri, (opts.path ??= '/socket.io'))
  const known = managers[server]
  if (query) opts.query ??= query
  const isNew = opts.forceNew || opts.multiplex === false || (known && namespace in known.nsps)
  const manager = isNew ? new Manager(source, opts) : (managers[server] ??= new Manager(source, opts))
  return manager.socket(namespace, opts)
}

const io = /* @__PURE__ */ Object.assign(lookup, { Manager, Socket, io: lookup, connect: lookup })

export { io, io as connect, io as default, Manager, Socket }
