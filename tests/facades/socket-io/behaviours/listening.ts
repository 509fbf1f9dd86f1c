import { next, settled, type Behaviour } from './behaviour.ts'

export const listening: readonly Behaviour[] = [
  {
    name: 'events come with all their arguments',
    async run({ connected, note }) {
      const socket = await connected()
      const heard = next(socket, 'many')
      socket.emit('give', 'many', 1, 'two', { three: [3] }, null, true)
      note(await heard)
    },
  },
  {
    name: 'events come in order',
    async run({ connected, note }) {
      const socket = await connected()
      const heard: unknown[] = []
      socket.onAny((...args) => heard.push(args))
      for (let n = 0; n < 50; n++) socket.emit('give', n % 2 ? 'odd' : 'even', n)
      await settled(socket)
      note(heard)
    },
  },
  {
    name: 'binary comes as ArrayBuffer, wherever it is',
    async run({ connected, note }) {
      const socket = await connected()
      const heard = next(socket, 'bytes')
      socket.emit('give', 'bytes', { deep: [new Uint8Array([1, 2, 250])] }, new Uint8Array([7]).buffer)
      note(await heard)
    },
  },
  {
    name: 'listeners are called in the order in which they were added, the same one twice',
    async run({ connected, note }) {
      const socket = await connected()
      const twice = (n: number) => note('twice', n)
      socket.on('x', twice)
      socket.on('x', n => note('second', n))
      socket.on('x', twice)
      socket.emit('give', 'x', 1)
      await settled(socket)
    },
  },
  {
    name: 'on, once, off and the Any family return the socket',
    run({ open, note }) {
      const socket = open({ autoConnect: false })
      const listener = () => {}
      note(
        socket.on('x', listener) === socket,
        socket.once('x', listener) === socket,
        socket.off('x', listener) === socket,
        socket.off('x') === socket,
        socket.off() === socket,
        socket.onAny(listener) === socket,
        socket.prependAny(listener) === socket,
        socket.offAny(listener) === socket,
        socket.onAnyOutgoing(listener) === socket,
        socket.prependAnyOutgoing(listener) === socket,
        socket.offAnyOutgoing(listener) === socket,
      )
    },
  },
  {
    name: 'once is heard once',
    async run({ connected, note }) {
      const socket = await connected()
      socket.once('x', n => note('once', n))
      socket.emit('give', 'x', 1)
      socket.emit('give', 'x', 2)
      await settled(socket)
      note(socket.hasListeners('x'))
    },
  },
  {
    name: 'off takes one listener, all of an event, or all',
    async run({ connected, note }) {
      const socket = await connected()
      const one = () => note('one')
      const two = () => note('two')
      const counts = () => note(socket.listeners('x').length, socket.listeners('y').length)
      socket.on('x', one).on('x', one).on('x', two).on('y', two)
      socket.off('x', one)
      counts()
      socket.off('x')
      counts()
      socket.on('x', one).off()
      counts()
      socket.emit('give', 'x')
      await settled(socket)
    },
  },
  {
    name: 'off with undefined as the listener takes none',
    run({ open, note }) {
      const socket = open({ autoConnect: false })
      socket.on('x', () => {})
      socket.off('x', undefined)
      note(socket.hasListeners('x'))
    },
  },
  {
    name: 'off takes away what once has added',
    async run({ connected, note }) {
      const socket = await connected()
      const listener = () => note('never')
      socket.once('x', listener)
      note(socket.hasListeners('x'))
      socket.off('x', listener)
      note(socket.hasListeners('x'))
    },
  },
  {
    name: 'removeListener and removeAllListeners are off',
    run({ open, note }) {
      const socket = open({ autoConnect: false })
      const listener = () => {}
      socket.on('x', listener).on('x', listener).on('y', listener).on('z', listener)
      socket.removeListener('x', listener)
      note(socket.listeners('x').length)
      socket.removeAllListeners('x')
      note(socket.listeners('x').length, socket.hasListeners('y'))
      socket.removeAllListeners()
      note(socket.hasListeners('y'), socket.hasListeners('z'))
    },
  },
  {
    name: 'listeners are the functions themselves, and this is the socket',
    async run({ connected, note }) {
      const socket = await connected()
      const self = new Promise(resolve =>
        socket.on('x', function (this: unknown) {
          resolve(this === socket)
        }),
      )
      note(socket.listeners('x').length, socket.listeners('nothing'), socket.hasListeners('nothing'))
      socket.emit('give', 'x')
      note(await self)
    },
  },
  {
    name: 'one that is added or removed meanwhile counts from the next event on',
    async run({ connected, note }) {
      const socket = await connected()
      const late = () => note('late')
      const second = () => note('second')
      socket.on('x', () => {
        note('first')
        socket.off('x', second)
        socket.on('x', late)
      })
      socket.on('x', second)
      socket.emit('give', 'x')
      await settled(socket)
      note(socket.listeners('x').length)
    },
  },
  {
    name: 'onAny hears every event with its name, before the listeners',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('x', (...args) => note('x', args))
      socket.onAny((...args) => note('any', args))
      socket.emit('give', 'x', 1, 2)
      socket.emit('give', 'y')
      await settled(socket)
    },
  },
  {
    name: 'prependAny comes first, offAny takes one or all, listenersAny gives them',
    async run({ connected, note }) {
      const socket = await connected()
      const one = () => note('one')
      const two = () => note('two')
      socket.onAny(one).prependAny(two)
      note(socket.listenersAny().length, socket.listenersAny()[0] === two)
      socket.emit('give', 'x')
      await settled(socket)
      socket.offAny(two)
      socket.emit('give', 'x')
      await settled(socket)
      socket.offAny()
      note(socket.listenersAny().length)
      socket.emit('give', 'x')
      await settled(socket)
    },
  },
  {
    name: 'onAny hears nothing of connect and disconnect',
    async run({ open, note }) {
      const socket = open()
      socket.onAny(event => note('any', event))
      await next(socket, 'connect')
      socket.disconnect()
      note('end')
    },
  },
  {
    name: 'onAnyOutgoing hears what is emitted, without the acknowledgement',
    async run({ connected, note }) {
      const socket = await connected()
      const first = (...args: unknown[]) => note('first', args)
      socket.onAnyOutgoing((...args) => note('out', args))
      socket.prependAnyOutgoing(first)
      socket.emit('echo', 1, { two: 2 })
      await new Promise<void>(resolve => socket.emit('echo', 'acknowledged', () => resolve()))
      note(socket.listenersAnyOutgoing().length)
      socket.offAnyOutgoing(first)
      socket.emit('echo', 'once more')
      socket.offAnyOutgoing()
      socket.emit('echo', 'in silence')
      await settled(socket)
    },
  },
  {
    name: 'onAnyOutgoing hears what was buffered when it goes out',
    async run({ open, note }) {
      const socket = open({ autoConnect: false })
      socket.onAnyOutgoing((...args) => note('out', args))
      socket.emit('echo', 'early')
      note('emitted')
      socket.connect()
      await next(socket, 'connect')
      note('connected')
    },
  },
  {
    name: 'events reach the namespace that they were sent in',
    async run({ connected, open, note, nsp, server }) {
      const socket = await connected()
      const other = open({}, `${nsp}-2`)
      await next(other, 'connect')
      socket.on('x', n => note('one', n))
      other.on('x', n => note('two', n))
      await server('emit', nsp, 'x', 1)
      await settled(socket)
      await server('emit', `${nsp}-2`, 'x', 2)
      await settled(other)
    },
  },
  {
    name: 'rooms of the server work as ever',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('x', n => note('x', n))
      await new Promise<void>(resolve => socket.emit('join', 'room', resolve))
      socket.emit('to', 'room', 'x', 1)
      socket.emit('to', 'elsewhere', 'x', 2)
      await settled(socket)
      socket.emit('leave', 'room')
      socket.emit('to', 'room', 'x', 3)
      await settled(socket)
    },
  },
  {
    name: 'an event may have a name of any kind of text',
    async run({ connected, note }) {
      const socket = await connected()
      for (const event of ['a:b:c', 'with space', '', 'ümläut', '__proto__', 'constructor', 'toString']) {
        socket.once(event, value => note(event, value))
        socket.emit('give', event, 1)
      }
      await settled(socket)
    },
  },
]
