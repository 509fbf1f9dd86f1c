import type { BrokerOptions } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

/** The server's address comes with the scope (`ann@http://…`), so that one build serves every test. */
export function brokerOptions({ scope }: { readonly scope: string }): BrokerOptions {
  return {
    transport: socketIo({
      url: scope.split('@')[1] ?? '',
      rooms: { join: 'join', leave: 'leave' },
      transports: ['websocket'],
      idempotencyKeys: true,
    }),
    idleMs: 500,
    lingerMs: 500,
    backoffBaseMs: 200,
    backoffMaxMs: 1_000,
    restartSpreadMs: 500,
    circuitFailures: 1_000,
  }
}
