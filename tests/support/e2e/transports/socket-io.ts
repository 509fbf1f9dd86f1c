import { startSocketIoServer } from '../../servers/socket-io-server.ts'
import { startRestartable } from './restartable.ts'
import type { ServerUnderTest, TransportUnderTest } from './transport-under-test.ts'

export const socketIoUnderTest: TransportUnderTest = {
  name: 'Socket.IO',
  verdictAfterRestart: 'unknown',
  start,
}

async function start(): Promise<ServerUnderTest> {
  const tokens = { first: 'first', next: 'next', refused: 'refused' }
  const accepted = new Set<unknown>([tokens.first, tokens.next])
  const servers = await startRestartable(port =>
    startSocketIoServer({
      ...(port === undefined ? {} : { port }),
      authenticate({ token }) {
        if (!accepted.has(token)) throw new Error('not with this token')
      },
    }),
  )
  return {
    address: servers.now.url,
    tokens,
    expire() {
      accepted.delete(tokens.first)
      servers.now.io.disconnectSockets(true)
    },
    connections: () => servers.now.connections(),
    peakConnections: servers.peakConnections,
    joins: () => servers.now.joins.filter(room => room === 'orders').length,
    emit: n => void servers.now.io.to('orders').emit('orders:tick', { n }),
    kill: servers.kill,
    restart: servers.restart,
    close: servers.kill,
  }
}
