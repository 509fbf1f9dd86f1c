import { next, settled, type Behaviour } from './behaviour.ts'

const failed = (error: unknown): string => (error as Error).message

export const acknowledgements: readonly Behaviour[] = [
  {
    name: 'an acknowledgement comes with all that the server gave',
    async run({ connected, note }) {
      const socket = await connected()
      await new Promise<void>(resolve =>
        socket.emit('echo', 1, 'two', { three: 3 }, (...args: unknown[]) => {
          note(args)
          resolve()
        }),
      )
    },
  },
  {
    name: 'acknowledgements come in order, and before what the server sends after them',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('after', () => note('after'))
      for (let n = 0; n < 5; n++) socket.emit('both', (text: string) => note(text, n))
      await settled(socket)
    },
  },
  {
    name: 'an acknowledgement has the socket as this',
    async run({ connected, note }) {
      const socket = await connected()
      const self = new Promise(resolve =>
        socket.emit('echo', function (this: unknown) {
          resolve(this === socket)
        }),
      )
      note(await self)
    },
  },
  {
    name: 'emitWithAck resolves with the first argument',
    async run({ connected, note }) {
      const socket = await connected()
      note(await socket.emitWithAck('echo', 'one', 'two'), await socket.emitWithAck('echo'))
    },
  },
  {
    name: 'an acknowledgement may hold bytes',
    async run({ connected, note }) {
      const socket = await connected()
      note(await socket.emitWithAck('echo', { bytes: new Uint8Array([9, 8]) }))
    },
  },
  {
    name: 'emitWithAck before connect waits',
    async run({ open, note }) {
      const socket = open()
      note(await socket.emitWithAck('echo', 'early'))
    },
  },
  {
    name: 'with timeout the acknowledgement takes an error first',
    async run({ connected, note }) {
      const socket = await connected()
      await new Promise<void>(resolve =>
        socket.timeout(5_000).emit('echo', 'in time', (...args: unknown[]) => {
          note(args)
          resolve()
        }),
      )
    },
  },
  {
    name: 'timeout is over: an error, and nothing after it',
    async run({ connected, note }) {
      const socket = await connected()
      await new Promise<void>(resolve =>
        socket.timeout(20).emit('silent', (...args: unknown[]) => {
          note(args)
          resolve()
        }),
      )
    },
  },
  {
    name: 'emitWithAck with timeout rejects',
    async run({ connected, note }) {
      const socket = await connected()
      note(await socket.timeout(20).emitWithAck('silent').catch(failed))
    },
  },
  {
    name: 'timeout takes out of the send buffer what was not sent',
    async run({ open, note }) {
      const socket = open({ autoConnect: false })
      const answer = socket.timeout(20).emitWithAck('echo').catch(failed)
      note(socket.sendBuffer.length)
      note(await answer, socket.sendBuffer.length)
    },
  },
  {
    name: 'timeout counts for one emit',
    async run({ connected, note }) {
      const socket = await connected()
      note(socket.timeout(20) === socket)
      await socket.emitWithAck('silent').catch(() => {})
      await new Promise<void>(resolve =>
        socket.emit('echo', 'no error first', (...args: unknown[]) => {
          note(args)
          resolve()
        }),
      )
    },
  },
  {
    name: 'ackTimeout counts for every emit',
    async run({ connected, note }) {
      const socket = await connected({ ackTimeout: 20 })
      note(await socket.emitWithAck('silent').catch(failed))
      note(await socket.timeout(5_000).emitWithAck('echo', 'own time'))
    },
  },
  {
    name: 'a lost connection rejects what waits for an acknowledgement',
    async run({ connected, note, server, nsp }) {
      const socket = await connected()
      const answer = socket.emitWithAck('silent').catch(failed)
      await server('seen', nsp, 'silent')
      socket.on('disconnect', () => note('disconnect'))
      const back = next(socket, 'connect')
      await server('cut')
      note(await answer)
      await back
    },
  },
  {
    name: 'disconnect() rejects what waits for an acknowledgement, after the disconnect event',
    async run({ connected, note }) {
      const socket = await connected()
      const answer = socket.emitWithAck('silent').catch(failed)
      socket.on('disconnect', () => note('disconnect'))
      socket.disconnect()
      note(await answer)
    },
  },
  {
    name: 'an acknowledgement without an error argument hears nothing of a disconnect',
    async run({ connected, note }) {
      const socket = await connected()
      socket.emit('silent', () => note('never'))
      socket.disconnect()
      note('end')
    },
  },
  {
    name: 'an acknowledgement with timeout hears of a disconnect at once',
    async run({ connected, note }) {
      const socket = await connected()
      socket.timeout(60_000).emit('silent', (error: unknown) => note(failed(error)))
      socket.disconnect()
      note('end')
    },
  },
  {
    name: 'what waits in the send buffer survives a disconnect',
    async run({ connected, note, server }) {
      const socket = await connected()
      const answer = new Promise(resolve =>
        socket.once('disconnect', () => {
          resolve(socket.emitWithAck('echo', 'kept'))
          note(socket.sendBuffer.length)
        }),
      )
      await server('cut')
      note(await answer)
    },
  },
  {
    name: 'the server asks, and is answered with all arguments',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('question', (...args) => {
        const answer = args.pop() as (reply: unknown) => void
        note(args)
        answer({ yes: true })
      })
      const asked = next(socket, 'asked')
      socket.emit('ask', 'question', 1, 'two')
      note(await asked)
    },
  },
  {
    name: 'the server is answered once, whatever a listener does',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('question', answer => {
        answer('first')
        answer('second')
      })
      const asked = next(socket, 'asked')
      socket.emit('ask', 'question')
      note(await asked)
      await settled(socket)
    },
  },
  {
    name: 'the server is answered later, with bytes',
    async run({ connected, note }) {
      const socket = await connected()
      socket.on('question', answer => void Promise.resolve().then(() => answer(new Uint8Array([5]))))
      const asked = next(socket, 'asked')
      socket.emit('ask', 'question')
      note(await asked)
    },
  },
  {
    name: 'onAny sees the function that answers as the last argument',
    async run({ connected, note }) {
      const socket = await connected()
      socket.onAny((event, ...args) => {
        note(
          event,
          args.map(arg => typeof arg),
        )
        if (event === 'question') args.at(-1)('from any')
      })
      const asked = next(socket, 'asked')
      socket.emit('ask', 'question', 1)
      note(await asked)
    },
  },
  {
    name: 'with retries one goes out at a time, each until it is acknowledged',
    async run({ connected, note, server, nsp }) {
      const socket = await connected({ retries: 2, ackTimeout: 5_000 })
      const answers = [1, 2, 3].map(n => socket.emitWithAck('echo', n))
      note(await Promise.all(answers))
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'echo'))
    },
  },
  {
    name: 'with retries one is tried again as often as told, and then fails',
    async run({ connected, note, server, nsp }) {
      const socket = await connected({ retries: 2, ackTimeout: 30 })
      note(await socket.emitWithAck('silent', 'x').catch(failed))
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'silent').length)
      note(await socket.emitWithAck('echo', 'next'))
    },
  },
  {
    name: 'with retries what was under way goes out again after a reconnect',
    async run({ connected, note, server, nsp }) {
      const socket = await connected({ retries: 5, ackTimeout: 60_000 })
      socket.emit('silent', 'x')
      await server('seen', nsp, 'silent')
      const back = next(socket, 'connect')
      await server('cut')
      await back
      await server('seen', nsp, 'silent', 2)
      note(((await server('log', nsp)) as unknown[][]).filter(([event]) => event === 'silent'))
    },
  },
  {
    name: 'with retries an emit before connect is queued, without the send buffer',
    async run({ open, note }) {
      const socket = open({ autoConnect: false, retries: 1, ackTimeout: 5_000 })
      const answer = socket.emitWithAck('echo', 'queued')
      note(socket.sendBuffer.length)
      socket.connect()
      note(await answer)
    },
  },
  {
    name: 'with retries a callback hears null and the answer',
    async run({ connected, note }) {
      const socket = await connected({ retries: 1, ackTimeout: 5_000 })
      await new Promise<void>(resolve =>
        socket.emit('echo', 'a', 'b', (...args: unknown[]) => {
          note(args)
          resolve()
        }),
      )
    },
  },
]
