/** Every line below a directive must be refused: the compiler complains about a directive that it did not need. */
import { connect } from 'partyline'
import { line } from './line.ts'

// @ts-expect-error no such channel
line.channel('ordres')

const orders = line.channel('orders')

// @ts-expect-error no such event
orders.on('craeted', () => {})

// @ts-expect-error the payload has no such field
orders.on('created', order => order.tabel)

// @ts-expect-error no such event
void orders.publish('craeted', { id: 1, table: 4 })

// @ts-expect-error a field is missing
void orders.publish('created', { id: 1 })

// @ts-expect-error a field has the wrong type
void orders.publish('created', { id: 1, table: 'four' })

// @ts-expect-error the payload is missing
void orders.publish('created')

// @ts-expect-error the reply has no such field
void orders.request('place', { table: 4 }).then(reply => reply.table)

// @ts-expect-error the scope is missing
connect({ worker: options => new SharedWorker('worker.js', options) })
