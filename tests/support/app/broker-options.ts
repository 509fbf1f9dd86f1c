import type { BrokerOptions, Transport } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'
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

/** `http://…` is a Socket.IO server, `websocket+http://…` one of docs/websocket-protocol.md. */
function transportTo(address: string): Transport {
  const [, url] = address.split('websocket+')
  if (url === undefined)
    return socketIo({
      url: address,
      rooms: { join: 'join', leave: 'leave' },
      transports: ['websocket'],
      idempotencyKeys: true,
    })
  return webSocket({
    url: `${url}/socket`,
    fallback: { events: `${url}/events`, publish: `${url}/publish`, returnBaseMs: 500, returnMaxMs: 1_000 },
  })
}
