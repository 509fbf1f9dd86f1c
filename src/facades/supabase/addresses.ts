/** Where broadcasts go by HTTP, from where the socket is. */
export function httpEndpointURL(socketUrl: string): string {
  const url = new URL(socketUrl)
  url.protocol = url.protocol.replace(/^ws/i, 'http')
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/(\/socket)?(\/websocket)?$/i, '')}/api/broadcast`
  return url.href
}
