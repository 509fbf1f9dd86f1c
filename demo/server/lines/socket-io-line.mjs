/** Socket.IO: its server has rooms, answers and recovery, so visitors do everything over the one connection. */
import { Server } from 'socket.io'
import { answerRequests } from '../answer.mjs'
import * as parse from '../parse.mjs'

/** @import { Socket } from 'socket.io' */
/** @import { Desk, Line } from './line.ts' */

const RECOVERY_MS = 2 * 60_000
const MAX_MESSAGE_BYTES = 16 * 1024

/**
 * @param {import('node:http').Server} http
 * @returns {Promise<Line>}
 */
export async function openSocketIoLine(http) {
  const io = new Server(http, {
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS },
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    serveClient: false,
  })
  io.use(introduce)
  return {
    open: desk => void io.on('connection', socket => welcome(socket, desk)),
    emit: (channel, event, payload) => void io.to(channel).emit(`${channel}:${event}`, payload),
    connections: () => io.engine.clientsCount,
    // Engine.IO hears it for itself.
    answers: request => request.url?.startsWith(io.path()) ?? false,
    close: () => io.close(),
  }
}

/**
 * Who somebody is they say in the handshake: what waits in their outbox may be the first that they send.
 * @param {Socket} socket
 * @param {(error?: Error) => void} next
 */
function introduce(socket, next) {
  try {
    socket.data.name = parse.parseName(socket.handshake.auth)
    next()
  } catch (error) {
    next(error instanceof Error ? error : new Error(String(error)))
  }
}

/**
 * @param {Socket} socket
 * @param {Desk} desk
 */
function welcome(socket, desk) {
  const { name } = socket.data
  // A recovered connection has its rooms and data back, but was taken off the floor when it broke.
  if (socket.recovered && socket.rooms.has('floor')) desk.enter(socket.id, name)
  socket.on('disconnect', () => desk.leave(socket.id))
  /** @param {unknown} payload */
  function join(payload) {
    const channel = parse.parseChannel(payload)
    void socket.join(channel)
    if (channel === 'floor') desk.enter(socket.id, name)
  }
  /** @param {unknown} payload */
  function leave(payload) {
    const channel = parse.parseChannel(payload)
    void socket.leave(channel)
    if (channel === 'floor') desk.leave(socket.id)
  }
  answerRequests(socket, (event, payload, meta) => {
    if (event === 'join') return join(payload)
    if (event === 'leave') return leave(payload)
    return desk.take(event, { name, payload, key: parse.parseKey(meta) })
  })
}
