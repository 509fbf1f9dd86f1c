import { next, settled, thrown, type Behaviour } from './behaviour.ts'

export const emitting: readonly Behaviour[] = [
  {
    name: 'emit and send return the socket',
    async run({ connected, note }) {
      const socket = await connected()
      note(socket.emit('echo') === socket, socket.send('x') === socket)
    },
  },
  {
    name: 'send is the event message',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      socket.send('hello', 2)
      await settled(socket)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'message'))
    },
  },
  {
    name: 'the server gets arguments as they were, in order',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      for (let n = 0; n < 20; n++) socket.emit('n', n, { n })
      await settled(socket)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'n'))
    },
  },
  {
    name: 'ten thousand events in one go all arrive, in order',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      for (let n = 0; n < 10_000; n++) socket.emit('n', n)
      await settled(socket)
      const got = ((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'n')
      note(
        got.length,
        got.every(([, n], index) => n === index),
      )
    },
  },
  {
    name: 'what is emitted is what it was at that moment',
    async run({ connected, note }) {
      const socket = await connected()
      const order = { table: 4 }
      const answer = socket.emitWithAck('echo', order)
      order.table = 5
      note(await answer)
    },
  },
  {
    name: 'payloads become JSON: dates, undefined, classes with toJSON, functions within',
    async run({ connected, note }) {
      const socket = await connected()
      class Money {
        readonly cents = 250
        toJSON() {
          return '2.50'
        }
      }
      note(
        await socket.emitWithAck('echo', {
          at: new Date(0),
          nothing: undefined,
          list: [undefined, () => {}],
          money: new Money(),
          run: () => {},
          not: Number.NaN,
        }),
      )
    },
  },
  {
    name: 'a proxy is emitted as what it stands for',
    async run({ connected, note }) {
      const socket = await connected()
      note(await socket.emitWithAck('echo', new Proxy({ a: [1] }, {})))
    },
  },
  {
    name: 'a bigint throws',
    async run({ connected, note }) {
      const socket = await connected()
      note(/BigInt/.test(String(thrown(() => socket.emit('echo', 1n)))))
    },
  },
  {
    name: 'a circle throws',
    async run({ connected, note }) {
      const socket = await connected()
      const circle: { self?: unknown } = {}
      circle.self = circle
      note(thrown(() => socket.emit('echo', circle)) !== 'nothing')
      note(await socket.emitWithAck('echo', 'goes on'))
    },
  },
  {
    name: 'binary goes out as bytes, of views too',
    async run({ connected, note }) {
      const socket = await connected()
      const echoed = next(socket, 'echo')
      socket.emit('echo', new Uint8Array([1, 2, 3]), { deep: new Uint16Array([258]) }, new ArrayBuffer(2))
      note(await echoed)
    },
  },
  {
    name: 'a blob goes out as bytes',
    inBrowser: true,
    async run({ connected, note }) {
      const socket = await connected()
      const echoed = next(socket, 'echo')
      socket.emit('echo', new Blob(['hi']), { deep: new File(['file'], 'name.txt') })
      note(await echoed)
    },
  },
  {
    name: 'emits before connect are kept, and go out before the connect event',
    async run({ open, note }) {
      const socket = open({ autoConnect: false })
      socket.emit('echo', 'early')
      note(socket.sendBuffer.length, socket.sendBuffer[0]?.data, socket.sendBuffer[0]?.type)
      socket.on('connect', () => {
        note('connect', socket.sendBuffer.length)
        socket.emit('echo', 'from the listener')
      })
      socket.on('echo', text => note('echo', text))
      socket.connect()
      await next(socket, 'connect')
      await settled(socket)
    },
  },
  {
    name: 'the send buffer can be emptied',
    async run({ open, note, server, nsp }) {
      const socket = open({ autoConnect: false })
      socket.emit('n', 1)
      socket.sendBuffer = []
      socket.connect()
      await next(socket, 'connect')
      await settled(socket)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'n'))
    },
  },
  {
    name: 'emits while offline go out when it is back',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      socket.once('disconnect', () => {
        socket.emit('n', 'while offline')
        note(socket.sendBuffer.length)
      })
      const back = next(socket, 'connect')
      await server('cut')
      await back
      note(socket.sendBuffer.length)
      await settled(socket)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'n'))
    },
  },
  {
    name: 'volatile ones are dropped before connect, and sent after',
    async run({ open, note, server, nsp }) {
      const socket = open({ autoConnect: false })
      note(socket.volatile === socket)
      socket.volatile.emit('n', 'dropped')
      note(socket.sendBuffer.length)
      socket.connect()
      await next(socket, 'connect')
      await settled(socket)
      socket.volatile.emit('n', 'sent')
      await settled(socket)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'n'))
    },
  },
  {
    name: 'volatile ones are dropped while offline, and volatile counts for one emit',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      socket.once('disconnect', () => {
        socket.volatile.emit('n', 'dropped')
        socket.emit('n', 'kept')
        note(socket.sendBuffer.length)
      })
      const back = next(socket, 'connect')
      await server('cut')
      await back
      await settled(socket)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'n'))
    },
  },
  {
    name: 'compress returns the socket and is told in the packet',
    run({ open, note }) {
      const socket = open({ autoConnect: false })
      note(socket.compress(false) === socket)
      socket.emit('x').compress(false).emit('y')
      note(socket.sendBuffer.map(packet => (packet as unknown as { options: object }).options))
    },
  },
  {
    name: 'emit and disconnect in one go: the server gets what was emitted before',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      socket.emit('last', 'word')
      socket.disconnect()
      await server('seen', nsp, 'disconnect')
      note(((await server('log', nsp)) as unknown[][]).map(([event]) => event))
    },
  },
  {
    name: 'an event that the sender is not to get is not its own',
    async run({ connected, open, note, nsp }) {
      const socket = await connected()
      const other = open({ query: { user: 'another' } }, nsp)
      await next(other, 'connect')
      socket.on('x', () => note('the sender'))
      const heard = next(other, 'x')
      socket.emit('others', 'x', 1)
      note(await heard)
      await settled(socket)
    },
  },
  {
    name: 'what is broadcast to all but the sender does not reach other sockets of the same connection',
    async run({ connected, note, nsp }) {
      const socket = await connected()
      const other = await connected({}, nsp)
      other.on('x', () => note('another socket'))
      socket.emit('others', 'x', 1)
      await settled(socket)
      await settled(other)
      note('end')
    },
    differs: {
      why: 'tabs are one connection to the server: what it broadcasts to all but the sender reaches none of them',
      observed: [['end']],
    },
  },
]
