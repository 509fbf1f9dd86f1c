import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { socketIo } from '../../src/worker/transports/socket-io.ts'
import { startNodeLine } from '../support/line/node-line.ts'
import { waitFor } from '../support/line/wait-for.ts'

const HANDSHAKE = '0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'
const NO_PACKET = '42{'

/** Both are read in one go. */
function sendTogether(socket: WebSocket, ...frames: readonly string[]): void {
  const { _socket: tcp } = socket as unknown as { readonly _socket: Socket }
  tcp.cork()
  for (const frame of frames) socket.send(frame)
  tcp.uncork()
}

it('a welcome that the library tells after the end of its connection opens nothing', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  onTestFinished(() => server.close())
  let connections = 0
  server.on('connection', socket => {
    const nth = ++connections
    socket.send(HANDSHAKE)
    socket.on('message', (data: Buffer) => {
      if (!data.toString().startsWith('40')) return
      const welcome = `40{"sid":"s${nth}","pid":"p"}`
      if (nth === 1) sendTogether(socket, welcome, '42["orders:said","early","1"]', NO_PACKET)
      else sendTogether(socket, welcome, '42["orders:said","late","2"]')
    })
  })
  const { port } = server.address() as AddressInfo
  const transport = socketIo({ url: `http://127.0.0.1:${port}`, transports: ['websocket'] })
  const line = startNodeLine({ transport, backoffBaseMs: 10, backoffMaxMs: 20 })
  onTestFinished(() => line.close())
  const tab = await line.openTab({ wanted: [{ channel: 'orders' }] })
  await waitFor(() => tab.payloads().includes('late'), 'the event of the second connection')
  expect(tab.payloads()).toEqual(['late'])
  expect(connections).toBe(2)
  expect(line.broker.stats().connection).toMatchObject({ state: 'open', opened: 1 })
})
