import { forkServer } from './fork-server.mjs'

/** Starts the Socket.IO server of socket-io.child.mjs in a process of its own. */
export async function startSocketIoServer() {
  const { call, close } = forkServer('socket-io.child.mjs')
  const port = await call('listen')
  return {
    url: `http://127.0.0.1:${port}`,
    /** @param {number} delayMs each way */
    farAway: async delayMs => `http://127.0.0.1:${await call('listenFarAway', delayMs)}`,
    /**
     * Loads for one room.
     * @param {string} room
     * @returns {import('../lib/tabs.mjs').LoadSender}
     */
    senderTo: room => ({ run: load => call('run', room, load), stop: () => call('stop') }),
    /**
     * @param {string} room
     * @param {number} [everyMs] without it, it stops
     */
    tick: (room, everyMs) => /** @type {Promise<void>} */ (call('tick', room, everyMs)),
    /** Since the start. */
    figures: () =>
      /** @type {Promise<{ cpuMs: number, bytesSent: number, accepted: number, clients: number }>} */ (call('figures')),
    close,
  }
}
