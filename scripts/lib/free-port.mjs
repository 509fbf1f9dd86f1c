import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Looks before anything is started: a server that cannot have its port says so with a stack, and may leave others running.
 * @param {number} port `0`: any
 * @param {string} [host]
 * @returns {Promise<string | undefined>} why it cannot be had, if it cannot
 */
export async function whyTaken(port, host = '127.0.0.1') {
  const server = createServer()
  try {
    await once(server.listen(port, host), 'listening')
    return undefined
  } catch (error) {
    const reason = /** @type {NodeJS.ErrnoException} */ (error).code
    return `Port ${port} of ${host} cannot be had (${reason}): give another one with --port, or 0 for any.`
  } finally {
    server.close()
  }
}
