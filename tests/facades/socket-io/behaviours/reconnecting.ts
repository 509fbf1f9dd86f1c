import { next, reconnect, settled, stop, type Behaviour } from './behaviour.ts'

export const reconnecting: readonly Behaviour[] = [
  {
    name: 'after the network comes back: manager and socket tell in this order',
    async run({ connected, note, server }) {
      const socket = await connected()
      socket.on('disconnect', () => note('disconnect'))
      socket.on('connect', () => note('connect'))
      for (const event of ['open', 'close', 'reconnect_attempt', 'reconnect', 'reconnect_error', 'reconnect_failed'])
        socket.io.on(event as 'open', () => note(event))
      const back = next(socket, 'connect')
      await server('cut')
      await back
    },
  },
  {
    name: 'reconnect and reconnect_attempt come with the number of the attempt',
    async run({ connected, note, server }) {
      const socket = await connected()
      socket.io.on('reconnect_attempt', n => note('attempt', n))
      socket.io.on('reconnect', n => note('reconnect', n))
      const back = next(socket, 'connect')
      await server('cut')
      await back
    },
  },
  {
    name: 'a new session after a reconnect: another id, not recovered',
    async run({ connected, note, server }) {
      const socket = await connected()
      const { id } = socket
      const back = next(socket, 'connect')
      await server('cut')
      await back
      note(socket.id !== id, socket.recovered)
    },
  },
  {
    name: 'while the server is away each attempt is a connect_error, the socket stays active, and comes back',
    async run({ connected, note, server }) {
      const socket = await connected()
      const errors: string[] = []
      socket.on('connect_error', error => errors.push(error.message))
      await server('stop')
      while (errors.length < 2) await next(socket, 'connect_error')
      note(errors.slice(0, 2), socket.active, socket.connected)
      const back = next(socket, 'connect')
      await server('start')
      await back
      note(socket.connected)
    },
  },
  {
    name: 'a failed attempt: connect_error, then error, then reconnect_error',
    async run({ connected, note, server }) {
      const socket = await connected()
      socket.once('connect_error', ({ message }) => note('connect_error', message))
      socket.io.once('error', ({ message }) => note('error', message))
      const failed = new Promise<void>(resolve =>
        socket.io.once('reconnect_error', ({ message }) => {
          note('reconnect_error', message)
          resolve()
        }),
      )
      await server('stop')
      await failed
      const back = next(socket, 'connect')
      await server('start')
      await back
    },
  },
  {
    name: 'the error of a failed attempt is of type TransportError',
    async run({ connected, note, server }) {
      const socket = await connected()
      const failed = next(socket, 'connect_error')
      await server('stop')
      const [error] = (await failed) as [Error & { type: string }]
      note(error instanceof Error, error.type)
      const back = next(socket, 'connect')
      await server('start')
      await back
    },
  },
  {
    name: 'a first connection that fails is tried again',
    async run(api) {
      const { open, note, server } = api
      await stop(api)
      const socket = open()
      const [error] = (await next(socket, 'connect_error')) as [Error]
      note(error.message, socket.active)
      const back = next(socket, 'connect')
      await server('start')
      await back
      note(socket.connected)
    },
  },
  {
    name: 'with reconnection: false a lost connection stays lost until connect()',
    async run({ connected, note, server }) {
      const socket = await connected({ reconnection: false })
      socket.io.on('reconnect_attempt', () => note('never'))
      const lost = next(socket, 'disconnect')
      await server('cut')
      await lost
      note(socket.active, socket.connected)
      socket.connect()
      await next(socket, 'connect')
      note(socket.connected)
    },
  },
  {
    name: 'with reconnection: false a first connection that fails is not tried again',
    async run(api) {
      const { open, note, server } = api
      await stop(api)
      const socket = open({ reconnection: false })
      socket.io.on('reconnect_attempt', () => note('never'))
      const [error] = (await next(socket, 'connect_error')) as [Error]
      note(error.message, socket.active)
      await server('start')
      await reconnect(socket)
      note('connected by hand')
    },
  },
  {
    name: 'after reconnectionAttempts it gives up: reconnect_failed',
    async run({ connected, note, server }) {
      const socket = await connected({ reconnectionAttempts: 2 })
      socket.io.on('reconnect_attempt', n => note('attempt', n))
      socket.io.on('reconnect_error', () => note('error'))
      const failed = next(socket.io, 'reconnect_failed')
      await server('stop')
      note(await failed, socket.active)
      await server('start')
      await reconnect(socket)
      note('connected by hand')
    },
  },
  {
    name: 'disconnect() while it reconnects ends that',
    async run({ connected, note, server, open }) {
      const socket = await connected()
      await server('stop')
      await next(socket, 'connect_error')
      socket.on('connect', () => note('never'))
      socket.disconnect()
      note(socket.active)
      await server('start')
      const other = open({}, '/somebody-else')
      await next(other, 'connect')
      await settled(other)
      note(socket.connected)
    },
  },
  {
    name: 'auth is asked anew at each connection',
    async run({ open, note, server }) {
      let n = 0
      const socket = open({ auth: send => send({ n: ++n }), ...({ scope: 'auth-anew' } as object) })
      await next(socket, 'connect')
      const back = next(socket, 'connect')
      await server('cut')
      await back
      const { auth } = (await socket.emitWithAck('whoami')) as { auth: object }
      note(auth, n)
    },
  },
  {
    name: 'each namespace hears once of a loss, and the manager too',
    async run({ connected, note, nsp, server, use }) {
      const socket = await connected()
      const other = use(socket.io.socket(`${nsp}-other`))
      await next(other, 'connect')
      socket.on('disconnect', reason => note('one', reason))
      other.on('disconnect', reason => note('other', reason))
      socket.io.on('close', reason => note('manager', reason))
      const back = Promise.all([next(socket, 'connect'), next(other, 'connect')])
      await server('cut')
      await back
      for (const each of [socket, other]) each.off('disconnect')
    },
  },
  {
    name: 'another manager, made at once when a connection is lost, connects',
    async run({ connected, note, nsp, open, server }) {
      const socket = await connected({ reconnection: false })
      const made = new Promise<void>(resolve => {
        socket.once('disconnect', () => {
          const other = open({ reconnection: false }, `${nsp}-other`)
          other.io.on('open', () => note('open'))
          other.io.on('close', () => note('never'))
          other.on('connect', resolve)
        })
      })
      await server('cut')
      await made
      note(socket.connected)
    },
  },
  {
    name: 'all namespaces of a manager come back',
    async run({ connected, use, note, nsp, server }) {
      const socket = await connected()
      const other = use(socket.io.socket(`${nsp}-other`))
      await next(other, 'connect')
      const back = Promise.all([next(socket, 'connect'), next(other, 'connect')])
      const lost = Promise.all([next(socket, 'disconnect'), next(other, 'disconnect')])
      await server('cut')
      note((await lost).map(([reason]) => reason))
      await back
      note(await socket.emitWithAck('echo', 1), await other.emitWithAck('echo', 2))
    },
  },
  {
    name: 'listeners stay over a reconnect, and hear each event once',
    async run({ connected, note, server }) {
      const socket = await connected()
      socket.on('x', n => note('x', n))
      const back = next(socket, 'connect')
      await server('cut')
      await back
      socket.emit('give', 'x', 1)
      await settled(socket)
    },
  },
]
