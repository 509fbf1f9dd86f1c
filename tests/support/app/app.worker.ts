import { startBroker } from 'partyline/worker'
import { brokerOptions } from './broker-options.ts'

startBroker(brokerOptions)
