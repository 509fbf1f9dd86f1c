import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts the Socket.IO server of socket-io.child.mjs in a process of its own. */
export async function startSocketIoServer() {
  const child = fork(fileURLToPath(new URL('socket-io.child.mjs', import.meta.url)))
  /** @type {Map<number, (value: unknown) => void>} */
  const waiting = new Map()
  let lastId = 0
  child.on('message', (/** @type {{ id: number, value: unknown }} */ { id, value }) => {
    waiting.get(id)?.(value)
    waiting.delete(id)
  })

  /**
   * @param {string} method
   * @param {unknown[]} args
   * @returns {Promise<any>}
   */
  const call = (method, ...args) =>
    new Promise(resolve => {
      waiting.set(++lastId, resolve)
      child.send({ id: lastId, method, args })
    })

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
    close() {
      if (child.connected) child.disconnect()
    },
  }
}
