import { startBroker } from 'partyline/worker'
import { pusher } from 'partyline/worker/pusher'

/** A port for each test comes with the scope: `pusher:key@127.0.0.1:6001:…`. */
startBroker(({ scope }) => ({
  transport: pusher({ key: 'key', host: '127.0.0.1', port: Number(scope.split(':')[2]), tls: false }),
}))
