import { startBroker } from 'partyline/worker'
import { pusher } from 'partyline/worker/pusher-encrypted'

/** The server's port comes with the scope (`name@6001`, `pusher:key@127.0.0.1:6001:…`), so that one build serves every test. */
startBroker(({ scope }) => ({
  transport: pusher({ key: 'key', host: '127.0.0.1', port: Number(/@(?:[^:]*:)?(\d+)/.exec(scope)?.[1]), tls: false }),
  lingerMs: 0,
  idleMs: 0,
  backoffBaseMs: 50,
  backoffMaxMs: 200,
  restartSpreadMs: 50,
}))
