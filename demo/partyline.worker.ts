import { startBroker } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

startBroker({
  transport: socketIo({
    url: self.location.origin,
    rooms: { join: 'join', leave: 'leave' },
    idempotencyKeys: true,
  }),
})
