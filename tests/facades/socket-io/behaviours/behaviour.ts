import type * as library from 'socket.io-client'
import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client'
import type { Command } from '../../../support/servers/face-server.ts'

export type Library = Pick<typeof library, 'io' | 'connect' | 'default' | 'Manager' | 'Socket' | 'protocol'>
export type Options = Partial<ManagerOptions & SocketOptions>

/** What a behaviour is given: one of the two libraries, and a server that does as it is told. */
export interface Api extends Library {
  /** A namespace that no other behaviour uses. */
  readonly nsp: string
  /** Writes down what was observed; both libraries must write the same. */
  note(...what: readonly unknown[]): void
  /** A socket of {@link nsp} on a manager of its own, disconnected at the end. */
  open(options?: Options, namespace?: string): Socket
  /** The same, connected. */
  connected(options?: Options, namespace?: string): Promise<Socket>
  /** For sockets that were made otherwise: they are disconnected at the end. */
  use<T extends Socket>(socket: T): T
  server(command: Command, namespace?: string, event?: string, ...args: readonly unknown[]): Promise<unknown>
}

export interface Behaviour {
  /** What the original's documentation, or its source, promises. */
  readonly name: string
  run(api: Api): unknown
  /** What is different over the face, and what is then observed instead. */
  readonly differs?: { readonly why: string; readonly observed: readonly unknown[] }
  /** Needs a page where nothing was connected before. */
  readonly fresh?: boolean
  /** Of what only browsers have. */
  readonly inBrowser?: boolean
  /** @default 'plain' */
  readonly on?: 'plain' | 'recovery'
}

/** Resolves with the arguments of the next such event. */
export function next(
  emitter: { once(event: never, listener: (...args: unknown[]) => void): unknown },
  event: string,
): Promise<unknown[]> {
  return new Promise(resolve => emitter.once(event as never, (...args) => resolve(args)))
}

/** Resolves when the server has handled, and answered, all that was sent before. */
export function settled(socket: Socket): Promise<unknown> {
  return socket.emitWithAck('echo')
}

/** Stops the server; resolves when the client has noticed, so that what comes next finds no connection. */
export async function stop({ connected, server }: Api): Promise<void> {
  const socket = await connected({}, '/stopped')
  const lost = next(socket, 'disconnect')
  await server('stop')
  await lost
  socket.disconnect()
}

/** Connects by hand, again where the shared connection was just being tried in vain. */
export async function reconnect(socket: Socket): Promise<void> {
  while (!socket.connected) {
    const failed = next(socket, 'connect_error')
    const done = next(socket, 'connect')
    socket.connect()
    await Promise.race([failed, done])
  }
}

/** What was thrown. */
export function thrown(act: () => unknown): unknown {
  try {
    act()
    return 'nothing'
  } catch (error) {
    return (error as Error).message
  }
}
