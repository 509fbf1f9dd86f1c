import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const SERVERS = new URL('../../../tests/support/servers/', import.meta.url)

/**
 * One of the servers that tests run against. Vite reads the TypeScript, which Node 20 cannot.
 * @template T the module
 * @param {string} file below tests/support/servers
 * @returns {Promise<T>}
 */
export async function loadServer(file) {
  const path = fileURLToPath(new URL(file, SERVERS))
  const { module } = await runnerImport(path, { configFile: false, logLevel: 'error' })
  return /** @type {T} */ (module)
}
