/** The next deploy's worker: other code under another URL. */
import { startBroker } from 'partyline/worker'
import { brokerOptions } from './broker-options.ts'

startBroker(context => ({ ...brokerOptions(context), build: 2 }))
