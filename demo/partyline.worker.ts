import { startBroker } from 'partyline/worker'
// One of brokers/: demo/server/page.mjs says which.
import { transportFor } from '#broker'

startBroker(({ scope }) => ({ transport: transportFor(scope) }))
