import { next, settled, thrown, type Behaviour } from './behaviour.ts'

export const connecting: readonly Behaviour[] = [
  {
    name: 'a socket starts disconnected and active, and connects by itself',
    async run({ open, note }) {
      const socket = open()
      note(socket.connected, socket.disconnected, socket.active, socket.id, socket.recovered)
      await next(socket, 'connect')
      note(socket.connected, socket.disconnected, socket.active, typeof socket.id, socket.recovered)
    },
  },
  {
    name: 'with autoConnect: false nothing happens before connect()',
    async run({ open, note }) {
      const socket = open({ autoConnect: false })
      note(socket.connected, socket.active)
      note(socket.connect() === socket, socket.active)
      await next(socket, 'connect')
      note(socket.connected)
    },
  },
  {
    name: 'open() is connect()',
    async run({ open, note }) {
      const socket = open({ autoConnect: false })
      note(socket.open() === socket)
      await next(socket, 'connect')
      note(socket.connected)
    },
  },
  {
    name: 'connect() of a connected socket does nothing',
    async run({ connected, note }) {
      const socket = await connected()
      const { id } = socket
      note(socket.connect() === socket)
      await settled(socket)
      note(socket.id === id)
    },
  },
  {
    name: "the id is the server's id for this socket",
    async run({ connected, note }) {
      const socket = await connected()
      const { id } = (await socket.emitWithAck('whoami')) as { id: string }
      note(id === socket.id)
    },
  },
  {
    name: 'auth as an object reaches the handshake',
    async run({ connected, note }) {
      const socket = await connected({ auth: { token: 'a', nested: { n: 1 } } })
      const { auth } = (await socket.emitWithAck('whoami')) as { auth: object }
      note(auth)
    },
  },
  {
    name: 'auth as a function is asked once for each connection, and its answer reaches the handshake',
    async run({ connected, note }) {
      let asked = 0
      const socket = await connected({
        auth: send => {
          asked++
          setTimeout(() => send({ token: 'late' }), 5)
        },
      })
      const { auth } = (await socket.emitWithAck('whoami')) as { auth: object }
      note(auth, asked)
    },
  },
  {
    name: 'auth is the function, with the socket as this',
    async run({ open, note }) {
      const auth = function (this: unknown, send: (data: object) => void) {
        note(this === socket)
        send({})
      }
      const socket = open({ auth })
      await next(socket, 'connect')
      note(socket.auth === auth)
    },
  },
  {
    name: 'auth that is set right after io() counts',
    async run({ open, note }) {
      const socket = open()
      socket.auth = { token: 'set later' }
      await next(socket, 'connect')
      const { auth } = (await socket.emitWithAck('whoami')) as { auth: object }
      note(auth)
    },
  },
  {
    name: 'auth that is set between disconnect() and connect() counts',
    async run({ connected, note }) {
      const socket = await connected({ auth: { token: 'one' } })
      socket.disconnect()
      socket.auth = { token: 'two' }
      socket.connect()
      await next(socket, 'connect')
      const { auth } = (await socket.emitWithAck('whoami')) as { auth: object }
      note(auth)
    },
  },
  {
    name: 'query reaches the handshake',
    async run({ connected, note }) {
      const socket = await connected({ query: { page: 'orders', n: '2' } })
      const { query } = (await socket.emitWithAck('whoami')) as { query: object }
      note(query)
    },
  },
  {
    name: 'a refused handshake is connect_error with message and data, without another try',
    async run({ open, note, server }) {
      const socket = open({}, '/refuse-1')
      const [error] = (await next(socket, 'connect_error')) as [Error & { data: unknown }]
      note(error instanceof Error, error.message, error.data)
      note(socket.connected, socket.active)
      note(await server('log', '/refuse-1'))
    },
  },
  {
    name: 'after a refusal the socket connects with other auth',
    async run({ open, note }) {
      const socket = open({ auth: { token: 'wrong' } }, '/refuse-2')
      await next(socket, 'connect_error')
      socket.auth = { token: 'right' }
      socket.connect()
      await next(socket, 'connect')
      const { auth } = (await socket.emitWithAck('whoami')) as { auth: object }
      note(auth, socket.active)
    },
  },
  {
    name: 'a refused namespace leaves the others of its manager alone',
    async run({ connected, use, note }) {
      const socket = await connected()
      const refused = use(socket.io.socket('/refuse-3'))
      const [error] = (await next(refused, 'connect_error')) as [Error]
      note(error.message, await socket.emitWithAck('echo', 'still here'), refused.active, socket.active)
    },
  },
  {
    name: 'two namespaces of one manager are two sockets',
    async run({ connected, use, note, nsp }) {
      const socket = await connected()
      const other = use(socket.io.socket(`${nsp}-other`))
      await next(other, 'connect')
      note(socket.io === other.io, socket === other, socket.id !== other.id)
      const heard = next(other, 'hello')
      socket.on('hello', () => note('the wrong one'))
      other.emit('give', 'hello', 1)
      note(await heard)
      await settled(socket)
    },
  },
  {
    name: 'a socket of a known namespace is the same one',
    async run({ connected, note, nsp }) {
      const socket = await connected()
      note(socket.io.socket(nsp) === socket)
    },
  },
  {
    name: 'a known namespace is connected again when it is asked for',
    async run({ connected, note, nsp }) {
      const socket = await connected()
      socket.disconnect()
      note(socket.io.socket(nsp) === socket, socket.active)
      await next(socket, 'connect')
      note(socket.connected)
    },
  },
  {
    name: 'io() gives sockets of one manager for one server',
    fresh: true,
    async run({ io, use, note }) {
      const one = use(io('/one'))
      const two = use(io('/two'))
      note(one.io === two.io, one !== two)
      await Promise.all([next(one, 'connect'), next(two, 'connect')])
      note(Object.keys((one.io as unknown as { nsps: object }).nsps))
    },
  },
  {
    name: 'io() of the same namespace again has a manager of its own',
    fresh: true,
    async run({ io, use, note }) {
      const one = use(io('/one'))
      const two = use(io('/one'))
      note(one.io === two.io, one === two)
      await Promise.all([next(one, 'connect'), next(two, 'connect')])
      note(one.connected, two.connected)
    },
  },
  {
    name: 'forceNew and multiplex: false give a manager of their own',
    fresh: true,
    async run({ io, use, note }) {
      const one = use(io('/one'))
      const two = use(io('/two', { forceNew: true }))
      const three = use(io('/three', { multiplex: false }))
      note(one.io === two.io, two.io === three.io)
      await Promise.all([next(one, 'connect'), next(two, 'connect'), next(three, 'connect')])
      note('connected')
    },
  },
  {
    name: 'io() without a URL, with options alone, and with a full URL goes to the same server',
    fresh: true,
    async run({ io, use, note }) {
      const sockets = [io(), io({ forceNew: true }), io(location.origin, { forceNew: true }), io(`${location.host}/x`)]
      for (const socket of sockets) use(socket)
      await Promise.all(sockets.map(socket => next(socket, 'connect')))
      note(sockets.map(({ connected }) => connected))
    },
  },
  {
    name: "a URL's query reaches the handshake",
    fresh: true,
    async run({ io, use, note }) {
      const socket = use(io(`${location.origin}/asked?page=orders`))
      await next(socket, 'connect')
      const { query } = (await socket.emitWithAck('whoami')) as { query: object }
      note(query)
    },
  },
  {
    name: 'io has its classes and itself as members, and connect is io',
    run({ io, connect, default: itself, Manager, Socket, protocol, note }) {
      const members = io as unknown as { [name: string]: unknown }
      note(connect === io, itself === io, members['io'] === io, members['connect'] === io)
      note(members['Manager'] === Manager, members['Socket'] === Socket, protocol)
    },
  },
  {
    name: 'a socket is an instance of Socket, and its io of Manager',
    run({ open, Manager, Socket, note }) {
      const socket = open({ autoConnect: false })
      note(socket instanceof Socket, socket.io instanceof Manager)
    },
  },
  {
    name: 'a manager of one’s own gives sockets',
    async run({ Manager, use, note, nsp }) {
      const manager = new Manager(location.origin, { transports: ['websocket'] })
      const socket = use(manager.socket(nsp))
      await next(socket, 'connect')
      note(socket.io === manager, socket.connected)
    },
  },
  {
    name: 'a manager that was made from options alone goes to the page’s own server',
    async run({ Manager, use, note, nsp }) {
      const manager = new Manager({ transports: ['websocket'] })
      const socket = use(manager.socket(nsp))
      await next(socket, 'connect')
      note(socket.connected)
    },
  },
  {
    name: 'reserved event names throw',
    run({ open, note }) {
      const socket = open({ autoConnect: false })
      for (const event of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])
        note(thrown(() => socket.emit(event)))
    },
  },
]
