import { next, settled, type Behaviour } from './behaviour.ts'

/** The server's offset, which it appends. */
const withoutOffset = (args: readonly unknown[]): unknown[] =>
  args.map(arg => (typeof arg === 'string' && arg.length >= 7 ? '(offset)' : arg))

export const recovering: readonly Behaviour[] = [
  {
    name: 'a recovered session has the same id and recovered set',
    on: 'recovery',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      const { id } = socket
      const heard = next(socket, 'x')
      await server('emit', nsp, 'x', 0)
      await heard
      const back = next(socket, 'connect')
      await server('cut')
      await back
      note(socket.id === id, socket.recovered)
    },
  },
  {
    name: 'what was missed comes before connect',
    on: 'recovery',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      const heard = next(socket, 'x')
      await server('emit', nsp, 'x', 0)
      note(withoutOffset(await heard))
      socket.on('x', (...args) => note('x', withoutOffset(args), socket.connected))
      socket.on('connect', () => note('connect', socket.recovered))
      const back = next(socket, 'connect')
      await server('cut', nsp, 'x')
      await back
      await settled(socket)
    },
  },
  {
    name: 'a session that was ended by disconnect() is not recovered',
    on: 'recovery',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      const heard = next(socket, 'x')
      await server('emit', nsp, 'x', 0)
      await heard
      const { id } = socket
      socket.disconnect()
      await server('seen', nsp, 'disconnect')
      socket.connect()
      await next(socket, 'connect')
      note(socket.id === id, socket.recovered)
    },
  },
]
