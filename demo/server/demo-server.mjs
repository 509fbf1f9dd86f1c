/**
 * One HTTP server for everything, so that page and line have one origin: the line takes its own requests and upgrades,
 * the API what is read and written over HTTP, the page the rest. Before them all stands the visitor's network, which may
 * be cut.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createApi } from './api.mjs'
import { openHouse } from './house.mjs'
import { createNetwork } from './network.mjs'
import { createPage } from './page.mjs'
import { DEFAULT_TRANSPORT, openLine } from './transports.mjs'

/** @import { RequestListener } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */
/** @import { TransportName } from '../src/transport/transports.ts' */

/**
 * @typedef {object} DemoServerOptions
 * @property {number} [port] default 0: a free one
 * @property {string} [host] default 127.0.0.1
 * @property {TransportName} [transport] default Socket.IO
 * @property {number} [seed] the same seed brings the same guests; default 1
 * @property {number} [ratePerSecond] events of the order generator, default 4; 0 leaves the house empty and quiet
 * @property {boolean} [chatter] staff that talks on the floor; default true
 * @property {boolean} [page] serve the page too; without it (the default) there is the house alone
 */

/**
 * Opens the restaurant. `close()` may be called twice.
 * @param {DemoServerOptions} [options]
 */
export async function createDemoServer(options = {}) {
  const { port = 0, host = '127.0.0.1', transport = DEFAULT_TRANSPORT } = options
  const { seed = 1, ratePerSecond = 4, chatter = true, page: wantsPage = false } = options
  const network = createNetwork()
  /** Listens to nothing itself: what comes here was admitted. */
  const inner = createServer()
  const http = createServer((request, response) => {
    if (!network.answers(request, response) && network.admits(request)) inner.emit('request', request, response)
  })
  http.on('upgrade', (request, socket, head) => {
    if (network.admits(request)) inner.emit('upgrade', request, socket, head)
  })
  const line = await openLine(transport, inner)
  const respond = wantsPage ? await createPage(transport, line.key) : nothingThere
  const house = openHouse(line, { seed, ratePerSecond, chatter })
  const api = createApi(house)
  inner.on('request', (request, response) => {
    if (line.answers?.(request, response) || api.answers(request, response)) return
    network.greet(request, response)
    respond(request, response)
  })
  http.listen(port, host)
  await once(http, 'listening')
  const address = /** @type {AddressInfo} */ (http.address())

  async function closeAll() {
    house.close()
    await line.close()
    const closed = once(http.close(), 'close')
    http.closeAllConnections()
    await closed
  }

  /** @type {Promise<void> | undefined} */
  let closing
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/`,
    port: address.port,
    transport,
    /** How many the line's server has. */
    connections: line.connections,
    /** The order book: tests look into it. */
    book: house.book,
    /** What was said on the floor: tests read it. */
    said: () => house.floor().messages,
    close: () => (closing ??= closeAll()),
  }
}

/** @type {RequestListener} */
function nothingThere(_request, response) {
  response.writeHead(404).end()
}
