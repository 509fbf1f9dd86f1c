/** `node scripts/server.mjs <name> [--port 0]`: runs one of the servers in tests/support/servers, until SIGINT or SIGTERM. */
import './setup/check-node.mjs'
import { existsSync, readdirSync } from 'node:fs'
import { ClearFailure, runMain } from './lib/clear-failure.mjs'
import { whyTaken } from './lib/free-port.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { parseServerOptions } from './lib/server-options.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'

/**
 * @typedef {object} StandAlone
 * @property {(options: { readonly port: number }) => Promise<{ readonly lines: readonly string[], close(): Promise<void> }>} start
 *   `lines`: what to tell whoever started it
 */

await runMain(async () => {
  const [name = '', ...args] = process.argv.slice(2)
  const names = serverNames()
  if (!names.includes(name)) throw new ClearFailure(`There is no server '${name}'. There are: ${names.join(', ')}.`)
  const options = parseServerOptions(name, args)
  const taken = await whyTaken(options.port)
  if (taken !== undefined) throw new ClearFailure(taken)
  await ensurePackages()
  // Here, because it may be installed only now.
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(mainOf(name), { root, configFile: false, logLevel: 'error' })
  const server = await /** @type {StandAlone} */ (module).start(options)
  console.log(server.lines.join('\n'))
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void server.close())
  return 0
})

function serverNames() {
  return readdirSync(inRoot('tests/support/servers')).filter(name => existsSync(mainOf(name)))
}

/** @param {string} name */
function mainOf(name) {
  return inRoot('tests/support/servers', name, 'main.ts')
}
