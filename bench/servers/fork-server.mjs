import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Starts a server in a process of its own.
 * @param {string} file beside this one; ends with {@link import('./obey.mjs').obey}
 */
export function forkServer(file) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)))
  /** @type {Map<number, (value: unknown) => void>} */
  const waiting = new Map()
  let lastId = 0
  child.on('message', (/** @type {{ id: number, value: unknown }} */ { id, value }) => {
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  return {
    /**
     * @param {string} method
     * @param {unknown[]} args
     * @returns {Promise<any>}
     */
    call: (method, ...args) =>
      new Promise(resolve => {
        waiting.set(++lastId, resolve)
        child.send({ id: lastId, method, args })
      }),
    close() {
      if (child.connected) child.disconnect()
    },
  }
}
