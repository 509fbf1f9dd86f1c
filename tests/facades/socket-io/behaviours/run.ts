import type { Socket } from 'socket.io-client'
import type { Api, Library } from './behaviour.ts'
import { behaviours } from './index.ts'

/** Runs one behaviour over this library; resolves with what was observed. */
export async function run(name: string, library: Library, server: Api['server']): Promise<unknown[]> {
  const index = behaviours.findIndex(behaviour => behaviour.name === name)
  const behaviour = behaviours[index]
  if (behaviour === undefined) throw new Error(`no behaviour ${name}`)
  const noted: unknown[] = []
  const sockets: Socket[] = []
  const use: Api['use'] = socket => {
    sockets.push(socket)
    return socket
  }
  const open: Api['open'] = (options, namespace = `/b${index}`) =>
    use(
      library.io(namespace, {
        forceNew: true,
        transports: ['websocket'],
        reconnectionDelay: 50,
        randomizationFactor: 0,
        ...options,
      }),
    )
  await server('forget')
  await behaviour.run({
    ...library,
    nsp: `/b${index}`,
    note: (...what) => void noted.push(plain(what)),
    use,
    open,
    async connected(...args) {
      const socket = open(...args)
      if (!socket.connected) await new Promise<void>(resolve => socket.once('connect', () => resolve()))
      return socket
    },
    server,
  })
  for (const socket of sockets) {
    socket.off()
    socket.io.off()
    socket.disconnect()
  }
  await server('gone')
  return noted
}

/** As it can be compared: errors by what they say, bytes by their values. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return { error: value.message, ...(value as object) }
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] }
  if (value === undefined) return '(undefined)'
  if (typeof value === 'function') return '(function)'
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, plain(own)]))
}
