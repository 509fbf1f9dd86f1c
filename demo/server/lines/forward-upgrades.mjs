/** The line's server stands behind the house's own, as behind a reverse proxy: one origin for the page and the line. */
import { connect } from 'node:net'

/** @import { IncomingMessage, Server } from 'node:http' */
/** @import { Duplex } from 'node:stream' */

/**
 * @param {Server} http
 * @param {number} port of the server on this machine that takes the WebSockets
 */
export function forwardUpgrades(http, port) {
  http.on('upgrade', (request, socket, head) => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    endTogether(socket, server)
    server.write(headOf(request))
    server.write(head)
    socket.pipe(server).pipe(socket)
  })
}

/**
 * @param {Duplex} one
 * @param {Duplex} other
 */
function endTogether(one, other) {
  for (const [ended, left] of [
    [one, other],
    [other, one],
  ]) {
    // What fails closes, too.
    ended?.on('error', () => {})
    ended?.on('close', () => left?.destroy())
  }
}

/** @param {IncomingMessage} request */
function headOf({ method, url, rawHeaders }) {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  return [`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n')
}
