import type { SupabaseServer } from '../../../support/servers/supabase/index.ts'
import type { SourceByHand } from '../../../support/servers/supabase/source-by-hand.ts'
import type { ServerCalls } from '../behaviours/behaviour.ts'

/** What the page may do to the server. */
export function serverCalls(server: SupabaseServer, changes: SourceByHand): ServerCalls {
  let tokens = 0
  return {
    broadcast: async (topic, event, payload) => server.broadcast(topic, event, payload),
    insert: async (table, row) => changes.insert(table, { ...row }),
    cut: () => server.cut(),
    crash: async topic => server.crash(topic),
    shutDown: async (topic, message) => server.shutDown(topic, message),
    expire: async token => server.expire(token),
    refuseConnections: async status => server.refuseConnections(status),
    silence: async () => server.silence(),
    token: async claims => server.token({ ...claims, jti: ++tokens }),
    holders: async token => server.holders(token),
    joins: async topic => server.joins.filter(join => join.topic === topic).map(({ config }) => ({ ...config })),
    leaves: async topic => server.leaves.filter(left => left === topic).length,
  }
}
