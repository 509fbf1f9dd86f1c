import { next, settled, type Behaviour } from './behaviour.ts'

export const disconnecting: readonly Behaviour[] = [
  {
    name: 'disconnect() fires disconnect with io client disconnect, at once',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('disconnect', (...args) => note('disconnect', args, socket.connected, socket.id))
      note(socket.disconnect() === socket)
      note(socket.connected, socket.disconnected, socket.active, socket.id)
    },
  },
  {
    name: 'close() is disconnect()',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('disconnect', reason => note(reason))
      note(socket.close() === socket)
    },
  },
  {
    name: 'disconnect() before connect fires nothing',
    async run({ open, note }) {
      const socket = open()
      socket.on('disconnect', () => note('never'))
      socket.on('connect', () => note('never'))
      socket.disconnect()
      note(socket.active)
      await next(socket.connect(), 'connect').catch(() => {})
      note('end')
    },
  },
  {
    name: 'the server hears of a disconnect()',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      socket.disconnect()
      await server('seen', nsp, 'disconnect')
      note(await server('log', nsp))
    },
  },
  {
    name: 'after disconnect() nothing is heard any more',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      socket.on('x', () => note('never'))
      socket.disconnect()
      await server('seen', nsp, 'disconnect')
      await server('emit', nsp, 'x')
      note('end')
    },
  },
  {
    name: 'after disconnect() emits are kept for the next connection, which has another id',
    async run({ connected, note }) {
      const socket = await connected()
      const { id } = socket
      socket.disconnect()
      socket.emit('echo', 'kept')
      note(socket.sendBuffer.length)
      const echoed = next(socket, 'echo')
      socket.connect()
      note(await echoed, socket.id !== id, socket.recovered)
    },
  },
  {
    name: 'disconnect() does not come back by itself',
    async run({ connected, open, note }) {
      const socket = await connected()
      socket.on('connect', () => note('never'))
      socket.io.on('reconnect_attempt', () => note('never'))
      socket.disconnect()
      const other = open({}, '/somebody-else')
      await next(other, 'connect')
      await settled(other)
      note(socket.connected)
    },
  },
  {
    name: 'disconnect() of one namespace leaves the others of its manager',
    async run({ connected, use, note, nsp }) {
      const socket = await connected()
      const other = use(socket.io.socket(`${nsp}-other`))
      await next(other, 'connect')
      socket.io.on('close', () => note('never'))
      socket.disconnect()
      note(other.connected, await other.emitWithAck('echo', 'still here'))
    },
  },
  {
    name: 'disconnect() of the last one closes the manager, before the disconnect event',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('disconnect', reason => note('disconnect', reason))
      socket.io.on('close', (...args) => note('close', args))
      socket.disconnect()
      note(socket.io._readyState)
    },
  },
  {
    name: 'the server ends one socket: io server disconnect, and no reconnection',
    async run({ connected, note }) {
      const socket = await connected()
      socket.io.on('reconnect_attempt', () => note('never'))
      const lost = next(socket, 'disconnect')
      socket.emit('kick')
      note(await lost, socket.active, socket.connected, socket.id)
    },
  },
  {
    name: 'after io server disconnect connect() connects anew',
    async run({ connected, note }) {
      const socket = await connected()
      const { id } = socket
      const lost = next(socket, 'disconnect')
      socket.emit('kick')
      await lost
      socket.connect()
      await next(socket, 'connect')
      note(socket.id !== id, await socket.emitWithAck('echo', 'again'), socket.recovered)
    },
  },
  {
    name: 'the server ends one namespace: the others of the manager go on',
    async run({ connected, use, note, nsp }) {
      const socket = await connected()
      const other = use(socket.io.socket(`${nsp}-other`))
      await next(other, 'connect')
      const lost = next(socket, 'disconnect')
      socket.emit('kick')
      note(await lost, await other.emitWithAck('echo', 'still here'), other.active)
    },
  },
  {
    name: 'the network goes: transport close, with the socket still active',
    async run({ connected, note, server }) {
      const socket = await connected()
      socket.once('disconnect', reason => note(reason, socket.active, socket.connected, socket.id))
      const back = next(socket, 'connect')
      await server('cut')
      await back
    },
  },
  {
    name: 'disconnect comes with a description of what has happened',
    async run({ connected, note, server }) {
      const socket = await connected()
      const lost = next(socket, 'disconnect')
      const back = next(socket, 'connect')
      await server('cut')
      const [, details] = (await lost) as [string, { description?: string } | undefined]
      note(details?.description)
      await back
    },
  },
  {
    name: 'disconnect within a connect listener',
    async run({ open, note }) {
      const socket = open()
      socket.on('disconnect', reason => note('disconnect', reason))
      await new Promise<void>(resolve =>
        socket.on('connect', () => {
          note('connect')
          socket.disconnect()
          resolve()
        }),
      )
      note(socket.connected, socket.active)
    },
  },
  {
    name: 'connect within a disconnect listener',
    async run({ connected, note }) {
      const socket = await connected()
      socket.once('disconnect', () => socket.connect())
      socket.disconnect()
      await next(socket, 'connect')
      note(socket.connected, socket.active)
    },
  },
  {
    name: 'disconnect() and connect() in one go is another connection',
    async run({ connected, note }) {
      const socket = await connected()
      const { id } = socket
      socket.disconnect().connect()
      note(socket.connected, socket.active)
      await next(socket, 'connect')
      note(socket.id !== id)
    },
  },
]
