import { startPusherServer } from '../../servers/pusher/pusher-server.ts'
import { startRestartable } from './restartable.ts'
import type { ServerUnderTest, TransportUnderTest } from './transport-under-test.ts'

export const pusherUnderTest: TransportUnderTest = {
  name: 'Pusher',
  verdictAfterRestart: 'unknown',
  presence: { channel: 'presence-floor', isTold: false, who: ({ id }) => id },
  start,
}

async function start(): Promise<ServerUnderTest> {
  const tokens = { accepted: 'accepted', refused: 'refused' }
  const servers = await startRestartable(async port => {
    const server = await startPusherServer({ ...(port === undefined ? {} : { port }), subscriptionCounts: false })
    server.auth.demandToken(tokens.accepted)
    return server
  })
  return {
    address: `pusher+${servers.now.url}?key=${servers.now.app.key}`,
    tokens,
    connections: () => servers.now.connections(),
    peakConnections: servers.peakConnections,
    joins: () => servers.now.subscriptions.filter(channel => channel === 'orders').length,
    emit: n => void servers.now.tick('orders', { n }),
    kill: servers.kill,
    restart: servers.restart,
    close: servers.kill,
  }
}
