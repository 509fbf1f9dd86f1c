import { startBroker } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

startBroker({ transport: socketIo({ url: 'https://api.example.com' }) })
