import { startUpgradeBarrier } from '../../faults/upgrade-barrier.ts'
import { closeCodes } from '../../servers/websocket/messages.ts'
import { Store } from '../../servers/websocket/store.ts'
import { startWebSocketServer } from '../../servers/websocket/websocket-server.ts'
import { startRestartable } from './restartable.ts'
import { whoTold, type ServerUnderTest, type TransportUnderTest } from './transport-under-test.ts'

const offers = {
  verdictAfterRestart: 'recovered',
  presence: { channel: 'floor', isTold: true, who: whoTold },
} as const satisfies Partial<TransportUnderTest>

export const webSocketUnderTest: TransportUnderTest = {
  name: 'WebSocket',
  ...offers,
  start: () => start(false),
}

/** Where sockets do not get through. */
export const eventStreamUnderTest: TransportUnderTest = {
  name: 'an event stream',
  ...offers,
  start: () => start(true),
}

/** The server's events are in a database, which its restart leaves alone. */
async function start(isBarred: boolean): Promise<ServerUnderTest> {
  const tokens = { first: 'first', next: 'next', refused: 'refused' }
  const accepted = new Set<unknown>([tokens.first, tokens.next])
  const store = new Store()
  const servers = await startRestartable(port =>
    startWebSocketServer({
      ...(port === undefined ? {} : { port }),
      store,
      authenticate({ token }) {
        if (!accepted.has(token)) throw new Error('not with this token')
        return { user: 'somebody' }
      },
    }),
  )
  const barrier = await startUpgradeBarrier(servers.now.port)
  barrier.bar(isBarred)
  return {
    address: `websocket+${barrier.url}`,
    tokens,
    expire() {
      accepted.delete(tokens.first)
      servers.now.closeAll(closeCodes.credentials, 'the credentials have expired')
    },
    hasBeenRenewed: () => servers.now.auths.some(({ token }) => token === tokens.next),
    connections: () => servers.now.connections(),
    peakConnections: servers.peakConnections,
    joins: () => servers.now.joins.filter(channel => channel === 'orders').length,
    emit: n => servers.now.publish('orders', 'tick', { n }),
    kill: servers.kill,
    restart: servers.restart,
    async close() {
      await barrier.close()
      await servers.kill()
    },
  }
}
