import { startBroker } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

startBroker({
  transport: socketIo({ url: '/', transports: ['websocket'] }),
  backoffBaseMs: 50,
  backoffMaxMs: 50,
  restartSpreadMs: 50,
  circuitFailures: 1_000,
})
