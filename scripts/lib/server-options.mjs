import { parseArgs } from 'node:util'
import { ClearFailure } from './clear-failure.mjs'

const MAX_PORT = 65_535

/**
 * What the command line of one of the tests' servers says.
 * @param {string} name
 * @param {readonly string[]} args
 * @param {{ readonly takesDatabase?: boolean }} [server]
 * @returns {{ readonly port: number, readonly database: string | undefined }}
 * @throws {ClearFailure} when it cannot be right; the message says what would be
 */
export function parseServerOptions(name, args, { takesDatabase = false } = {}) {
  const usage = `npm run server:${name} -- [--port 6001]${takesDatabase ? ' [--database pglite|postgres://…]' : ''}`
  const { port, database } = read(args, takesDatabase, usage)
  if (!/^\d+$/.test(port) || Number(port) > MAX_PORT)
    throw new ClearFailure(`--port must be a whole number from 0 to ${MAX_PORT}, not '${port}'\n\n${usage}`)
  return { port: Number(port), database }
}

/**
 * @param {readonly string[]} args
 * @param {boolean} takesDatabase
 * @param {string} usage
 * @returns {{ readonly port: string, readonly database?: string | undefined }}
 */
function read(args, takesDatabase, usage) {
  const port = /** @type {const} */ ({ type: 'string', default: '0' })
  const database = /** @type {const} */ ({ type: 'string' })
  try {
    return takesDatabase
      ? parseArgs({ args: [...args], options: { port, database } }).values
      : parseArgs({ args: [...args], options: { port } }).values
  } catch (error) {
    throw new ClearFailure(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}
