import { startPusherServer } from '../../servers/pusher/pusher-server.ts'
import { startRestartable } from './restartable.ts'
import type { ServerUnderTest, TransportUnderTest } from './transport-under-test.ts'

export const pusherUnderTest: TransportUnderTest = {
  name: 'Pusher',
  verdictAfterRestart: 'unknown',
  presence: { channel: 'presence-floor', isTold: false, who: ({ id }) => id },
  start,
}

const UNAUTHORISED = 4009

async function start(): Promise<ServerUnderTest> {
  const tokens = { first: 'first', next: 'next', refused: 'refused' }
  const servers = await startRestartable(async port => {
    const server = await startPusherServer({ ...(port === undefined ? {} : { port }), subscriptionCounts: false })
    server.auth.demandToken(tokens.first)
    return server
  })
  return {
    address: `pusher+${servers.now.url}?key=${servers.now.app.key}`,
    tokens,
    expire() {
      servers.now.auth.demandToken(tokens.next)
      servers.now.closeAll(UNAUTHORISED)
    },
    connections: () => servers.now.connections(),
    peakConnections: servers.peakConnections,
    joins: () => servers.now.subscriptions.filter(channel => channel === 'orders').length,
    emit: n => void servers.now.tick('orders', { n }),
    kill: servers.kill,
    restart: servers.restart,
    close: servers.kill,
  }
}
