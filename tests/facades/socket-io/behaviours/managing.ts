import { next, settled, stop, type Behaviour } from './behaviour.ts'

export const managing: readonly Behaviour[] = [
  {
    name: 'reconnection settings are as given, and can be changed',
    run({ Manager, note }) {
      const manager = new Manager(location.origin, {
        autoConnect: false,
        reconnectionAttempts: 7,
        reconnectionDelay: 11,
        reconnectionDelayMax: 13,
        randomizationFactor: 0.25,
        timeout: 17,
      })
      const settings = () =>
        note(
          manager.reconnection(),
          manager.reconnectionAttempts(),
          manager.reconnectionDelay(),
          manager.reconnectionDelayMax(),
          manager.randomizationFactor(),
          manager.timeout(),
        )
      settings()
      note(
        manager.reconnection(false) === manager,
        manager.reconnectionAttempts(1) === manager,
        manager.reconnectionDelay(2) === manager,
        manager.reconnectionDelayMax(3) === manager,
        manager.randomizationFactor(0) === manager,
        manager.timeout(4) === manager,
      )
      settings()
    },
  },
  {
    name: 'reconnection settings have defaults',
    run({ Manager, note }) {
      const manager = new Manager(location.origin, { autoConnect: false })
      note(
        manager.reconnection(),
        manager.reconnectionAttempts() === Infinity,
        manager.reconnectionDelay(),
        manager.reconnectionDelayMax(),
        manager.randomizationFactor(),
        manager.timeout(),
      )
    },
  },
  {
    name: 'opts are the options given, with the path filled in',
    run({ open, note }) {
      const { opts } = open({ autoConnect: false, query: { a: '1' } }).io
      note(opts.query, opts.path, opts.autoConnect, opts.transports)
    },
  },
  {
    name: "the engine's transport has its name",
    async run({ connected, note }) {
      const socket = await connected()
      note(socket.io.engine.transport.name)
    },
  },
  {
    name: 'open, then the callback of open()',
    async run({ open, note }) {
      const socket = open({ autoConnect: false })
      socket.io.on('open', () => note('open'))
      const opened = new Promise<void>(resolve =>
        socket.io.open(error => {
          note('callback', error)
          resolve()
        }),
      )
      socket.connect()
      await opened
      note(socket.io._readyState)
    },
  },
  {
    name: 'open() and connect() return the manager, and do nothing when it is open',
    async run({ connected, note }) {
      const { io } = await connected()
      note(io.open() === io, io.connect() === io)
    },
  },
  {
    name: 'the callback of open() hears an error, and nothing is tried again',
    async run(api) {
      const { open, note, server } = api
      await stop(api)
      const socket = open({ autoConnect: false })
      const opened = new Promise(resolve => socket.io.open(resolve))
      socket.io.on('reconnect_attempt', () => note('never'))
      socket.connect()
      note((await opened) instanceof Error, socket.io._readyState)
      await server('start')
    },
  },
  {
    name: 'open comes before connect, once',
    async run({ open, note }) {
      const socket = open()
      socket.io.on('open', () => note('open', socket.connected))
      socket.on('connect', () => note('connect'))
      await next(socket, 'connect')
      await settled(socket)
    },
  },
  {
    name: 'close comes with the reason, after the sockets’ disconnect',
    async run({ connected, note, server }) {
      const socket = await connected()
      socket.on('disconnect', reason => note('disconnect', reason))
      socket.io.on('close', reason => note('close', reason))
      const back = next(socket, 'connect')
      await server('cut')
      await back
    },
  },
  {
    name: "the manager's own disconnect ends all its sockets",
    async run({ connected, use, note, nsp }) {
      const socket = await connected()
      const other = use(socket.io.socket(`${nsp}-other`))
      await next(other, 'connect')
      for (const one of [socket, other]) one.on('disconnect', reason => note(reason))
      socket.io._close()
      note(socket.connected, other.connected, socket.active)
    },
  },
  {
    name: 'the manager is an emitter like a socket',
    run({ open, note }) {
      const { io } = open({ autoConnect: false })
      const listener = () => {}
      io.on('open', listener).once('close', listener)
      note(io.listeners('open').length, io.hasListeners('close'))
      io.off('open', listener)
      note(io.hasListeners('open'))
      io.removeAllListeners()
      note(io.hasListeners('close'))
    },
  },
  {
    name: 'ping is told at each heartbeat of the server',
    async run({ connected, note }) {
      const socket = await connected()
      note(await next(socket.io, 'ping'))
    },
  },
  {
    name: 'an error of the manager is heard by its sockets as connect_error only while they are not connected',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('connect_error', () => note('never'))
      await settled(socket)
      note('end')
    },
  },
  {
    name: 'a page that names another server than the worker has',
    async run({ io, use, note }) {
      const socket = use(io('http://127.0.0.1:9/elsewhere', { transports: ['websocket'], reconnection: false }))
      const [error] = (await next(socket, 'connect_error')) as [Error]
      note(error.message.replaceAll(location.origin, '(here)'), socket.active)
    },
    differs: {
      why: "another server than the worker's is refused, with connect_error that names both, and not tried again",
      observed: [
        [
          "this page's worker connects to (here)/socket.io, and io() was called for http://127.0.0.1:9/socket.io",
          false,
        ],
      ],
    },
  },
]
