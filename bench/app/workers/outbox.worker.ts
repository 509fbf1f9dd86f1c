import { startBroker, UpstreamError, type Transport } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

/** Of a line without a server. */
const noServer: Transport = {
  name: 'none',
  create: () => ({
    open: () => Promise.reject(new UpstreamError('network', 'there is no server')),
    join: async () => {},
    leave() {},
    publish: () => Promise.reject(new UpstreamError('network', 'there is no server')),
    close() {},
  }),
}

/** The scope is a query: `server` to connect to, `batch` to gather messages, `maxEntries` and `maxBytes` of the outbox. */
startBroker(({ scope }) => {
  const query = new URLSearchParams(scope)
  const url = query.get('server')
  const limits = ['maxEntries', 'maxBytes'].flatMap(name => (query.has(name) ? [[name, Number(query.get(name))]] : []))
  return {
    transport:
      url === null
        ? noServer
        : socketIo({ url, transports: ['websocket'], idempotencyKeys: true, batchEvent: 'batch' }),
    outbox: Object.fromEntries(limits),
    ...(query.has('batch') ? { batch: {} } : {}),
  }
})
