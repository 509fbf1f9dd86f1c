import { startSupabaseServer } from '../../servers/supabase/index.ts'
import { startRestartable } from './restartable.ts'
import { whoTold, type ServerUnderTest, type TransportUnderTest } from './transport-under-test.ts'

export const supabaseUnderTest: TransportUnderTest = {
  name: 'Supabase',
  verdictAfterRestart: 'unknown',
  presence: { channel: 'floor', isTold: true, who: whoTold },
  start,
}

async function start(): Promise<ServerUnderTest> {
  const servers = await startRestartable(port => startSupabaseServer(port === undefined ? {} : { port }))
  const { url, anonKey, token } = servers.now
  const tokens = { first: token({ sub: 'first' }), next: token({ sub: 'next' }), refused: token({ exp: 0 }) }
  return {
    address: `supabase+${url}?key=${anonKey}`,
    tokens,
    expire: () => servers.now.expire(tokens.first),
    hasBeenRenewed: () => servers.now.holders(tokens.next) > 0,
    connections: () => servers.now.connections(),
    peakConnections: servers.peakConnections,
    joins: () => servers.now.joins.filter(({ topic }) => topic === 'orders').length,
    emit: n => servers.now.broadcast('orders', 'tick', { n }),
    kill: servers.kill,
    restart: servers.restart,
    close: servers.kill,
  }
}
