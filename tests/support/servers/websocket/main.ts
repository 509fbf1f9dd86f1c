import { startWebSocketServer } from './websocket-server.ts'

/** `npm run server:websocket -- [--port 0]`. What is published goes to all on the channel. */
export async function start(options: { readonly port: number }) {
  const { url, socketUrl, close } = await startWebSocketServer({ port: options.port, passesOn: true })
  return { lines: [`Event streams: ${url}`, `WebSockets:    ${socketUrl}`], close }
}
