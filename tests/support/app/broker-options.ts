import type { Credentials } from 'partyline'
import type { BrokerOptions, Transport } from 'partyline/worker'
import { pusher } from 'partyline/worker/pusher'
import { socketIo } from 'partyline/worker/socket-io'
import { supabase } from 'partyline/worker/supabase'
import { webSocket } from 'partyline/worker/websocket'

/** The server's address comes with the scope (`ann@http://…`), so that one build serves every test. */
export function brokerOptions({ scope }: { readonly scope: string }): BrokerOptions {
  return {
    transport: transportTo(scope.split('@')[1] ?? ''),
    idleMs: 500,
    lingerMs: 500,
    backoffBaseMs: 200,
    backoffMaxMs: 1_000,
    restartSpreadMs: 500,
    circuitFailures: 1_000,
  }
}

const transports: Readonly<Record<string, (url: URL) => Transport>> = {
  websocket: toWebSocket,
  pusher: toPusher,
  supabase: ({ origin, searchParams }) => supabase({ url: origin, key: searchParams.get('key') ?? '' }),
}

/** `http://…` is a Socket.IO server, `websocket+http://…` and the like one of another transport. */
function transportTo(address: string): Transport {
  const [, name = '', url = ''] = /^(\w+)\+(.*)/.exec(address) ?? []
  return transports[name]?.(new URL(url)) ?? toSocketIo(address)
}

function toSocketIo(url: string): Transport {
  return socketIo({ url, rooms: { join: 'join', leave: 'leave' }, transports: ['websocket'], idempotencyKeys: true })
}

/** One of docs/websocket-protocol.md. */
function toWebSocket({ origin }: URL): Transport {
  return webSocket({
    url: `${origin}/socket`,
    fallback: { events: `${origin}/events`, publish: `${origin}/publish`, returnBaseMs: 500, returnMaxMs: 1_000 },
  })
}

/** Its auth endpoints are at the same address. */
function toPusher({ origin, hostname: host, port, searchParams }: URL): Transport {
  const params = (credentials?: Credentials) => ({ user_id: String(credentials?.['user']) })
  return pusher({
    key: searchParams.get('key') ?? '',
    host,
    port: Number(port),
    tls: false,
    channelAuthorization: { endpoint: `${origin}/pusher/auth`, params },
    userAuthentication: { endpoint: `${origin}/pusher/user-auth`, params },
  })
}
