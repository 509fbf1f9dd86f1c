/** A Socket.IO server in a process of its own, so that its CPU time is its own; obeys the bench over IPC. */
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Server } from 'socket.io'
import { runLoad } from '../lib/load.mjs'
import { obey } from './obey.mjs'

const http = createServer()
const io = new Server(http, { cors: { origin: true } })
/** @type {Set<import('node:net').Socket>} */
const sockets = new Set()
let bytesOfClosed = 0
let accepted = 0
let control = { stopped: false }
/** @type {NodeJS.Timeout | undefined} */
let ticking

http.on('connection', socket => {
  accepted++
  sockets.add(socket)
  socket.on('close', () => {
    sockets.delete(socket)
    bytesOfClosed += socket.bytesWritten
  })
})

io.on('connection', socket => {
  socket.on('join', async (room, answer) => {
    await socket.join(room)
    answer({ ok: true })
  })
  socket.on('leave', room => socket.leave(room))
})

const methods = {
  /** @returns {Promise<number>} the port */
  listen: () =>
    new Promise(resolve => {
      http.listen(0, '127.0.0.1', () => resolve(portOf(http)))
    }),

  /**
   * The same server behind a line that takes `delayMs` each way.
   * @param {number} delayMs
   * @returns {Promise<number>} the port
   */
  listenFarAway: delayMs =>
    new Promise(resolve => {
      const far = createTcpServer(near => pipeSlowly(near, connect(portOf(http), '127.0.0.1'), delayMs))
      far.listen(0, '127.0.0.1', () => resolve(portOf(far)))
    }),

  /**
   * Sends a load to a room, as `<room>:tick`. Resolves when the last event was handed to the sockets.
   * @param {string} room
   * @param {import('../lib/load.mjs').Load} load
   */
  async run(room, load) {
    control = { stopped: false }
    await runLoad(load, { deliver: event => io.to(room).emit(`${room}:tick`, event), sleep }, control)
  },

  /** Ends a paced load early. */
  stop() {
    control.stopped = true
  },

  /**
   * Sends `<room>:tick` every so often from now on, or no more.
   * @param {string} room
   * @param {number | undefined} everyMs
   */
  tick(room, everyMs) {
    clearInterval(ticking)
    let n = 0
    if (everyMs) ticking = setInterval(() => io.to(room).emit(`${room}:tick`, { n: n++ }), everyMs)
  },

  figures() {
    const { user, system } = process.cpuUsage()
    let bytesSent = bytesOfClosed
    for (const socket of sockets) bytesSent += socket.bytesWritten
    return { cpuMs: (user + system) / 1000, bytesSent, accepted, clients: io.engine.clientsCount }
  },
}

/** @param {import('node:net').Server} server */
const portOf = server => /** @type {import('node:net').AddressInfo} */ (server.address()).port

/**
 * @param {import('node:net').Socket} near
 * @param {import('node:net').Socket} far
 * @param {number} delayMs
 */
function pipeSlowly(near, far, delayMs) {
  for (const [from, to] of /** @type {const} */ ([
    [near, far],
    [far, near],
  ])) {
    from.setNoDelay(true)
    from.on('data', data => setTimeout(() => to.writable && to.write(data), delayMs))
    from.on('close', () => setTimeout(() => to.destroy(), delayMs))
    from.on('error', () => to.destroy())
  }
}

obey(methods)
