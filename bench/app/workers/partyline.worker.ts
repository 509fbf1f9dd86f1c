import { startBroker } from 'partyline/worker'
import { benchTransport } from './bench-transport.ts'

startBroker({ transport: benchTransport() })
