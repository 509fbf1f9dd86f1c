import { io } from 'socket.io-client'
import type { Attach } from './contender.ts'

/** A Socket.IO client of this tab's own, as a page without Partyline has it. */
export const attach: Attach = async (receive, server) => {
  const socket = io(server, { transports: ['websocket'] })
  socket.on('direct:tick', receive)
  await new Promise<void>(resolve => {
    socket.on('connect', () => resolve())
  })
  await socket.emitWithAck('join', 'direct')
  return {}
}
