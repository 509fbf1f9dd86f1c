/**
 * One HTTP server for everything, so that page and line have one origin: Socket.IO takes `/socket.io/`,
 * Vite (as middleware) takes the rest. A proxy in between would be a hop that the latency shown does not deserve.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { openHouse } from './house.mjs'
import { createPage } from './page.mjs'

/** @import { RequestListener } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */

const RECOVERY_MS = 2 * 60_000
const MAX_MESSAGE_BYTES = 16 * 1024

/**
 * @typedef {object} DemoServerOptions
 * @property {number} [port] default 0: a free one
 * @property {string} [host] default 127.0.0.1
 * @property {number} [seed] the same seed brings the same guests; default 1
 * @property {number} [ratePerSecond] events of the order generator, default 4; 0 leaves the house empty and quiet
 * @property {boolean} [chatter] staff that talks on the floor; default true
 * @property {boolean} [page] serve the page too, through Vite; without it (the default) there is Socket.IO alone
 */

/**
 * Opens the restaurant. `close()` may be called twice.
 * @param {DemoServerOptions} [options]
 */
export async function createDemoServer(options = {}) {
  const { port = 0, host = '127.0.0.1', seed = 1, ratePerSecond = 4, chatter = true, page: wantsPage = false } = options
  /** @type {RequestListener} */
  let respond = (_request, response) => void response.writeHead(404).end()
  const http = createServer((request, response) => respond(request, response))
  const io = new Server(http, {
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS },
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    serveClient: false,
  })
  const page = wantsPage ? await createPage(http) : undefined
  if (page !== undefined) respond = page.respond
  http.listen(port, host)
  await once(http, 'listening')
  const house = openHouse(io, { seed, ratePerSecond, chatter })
  const address = /** @type {AddressInfo} */ (http.address())

  async function closeAll() {
    house.close()
    await io.close()
    http.closeAllConnections()
    await page?.close()
  }

  /** @type {Promise<void> | undefined} */
  let closing
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/`,
    port: address.port,
    /** The real Socket.IO server: tests count its connections and cut them. */
    io,
    /** The order book: tests look into it. */
    book: house.book,
    close: () => (closing ??= closeAll()),
  }
}
