import { startBroker } from 'partyline/worker'
import { brokerOptions } from '../../../support/app/broker-options.ts'

startBroker(brokerOptions)
