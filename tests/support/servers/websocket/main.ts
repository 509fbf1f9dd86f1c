import { parseArgs } from 'node:util'
import { startWebSocketServer } from './websocket-server.ts'

/** `npm run server:websocket -- [--port 0]`. What is published goes to all on the channel. */
export async function start(args: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options: { port: { type: 'string', default: '0' } } })
  const { url, socketUrl, close } = await startWebSocketServer({ port: Number(values.port), passesOn: true })
  return { lines: [`Event streams: ${url}`, `WebSockets:    ${socketUrl}`], close }
}
