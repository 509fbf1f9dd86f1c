import { startBroker } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

const url = decodeURIComponent(self.name).split('@')[1] ?? ''

startBroker({ transport: socketIo({ url, rooms: { join: 'join', leave: 'leave' }, transports: ['websocket'] }) })
