/** The demo's page, built by Vite when the house opens and served from memory. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** @import { RequestListener } from 'node:http' */
/** @import { TransportName } from '../src/transport/transports.ts' */

const inDemo = /** @param {string} path */ path => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** @type {Readonly<Record<string, string>>} */
const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' }

/** @type {Map<string, Promise<Map<string, string | Uint8Array>>>} by what is filled in */
const built = new Map()

/**
 * @param {TransportName} transport
 * @param {string} [key] the line's
 * @returns {Promise<RequestListener>}
 */
export async function createPage(transport, key = '') {
  const define = { TRANSPORT: JSON.stringify(transport), LINE_KEY: JSON.stringify(key) }
  const id = JSON.stringify(define)
  const building = built.get(id) ?? buildFiles(define, inDemo(`brokers/${transport}.ts`))
  built.set(id, building)
  const files = await building
  return ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    const file = files.get(path)
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      // The names below /assets change with what is in them. `no-store` would keep the page out of the back/forward cache.
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
    response.end(file)
  }
}

/**
 * @param {Readonly<Record<string, string>>} define
 * @param {string} broker the module that says how the worker reaches the house
 */
async function buildFiles(define, broker) {
  const results = await build({
    configFile: inDemo('vite.config.ts'),
    logLevel: 'warn',
    build: { write: false },
    resolve: { alias: { '#broker': broker } },
    define,
  })
  /** @type {Map<string, string | Uint8Array>} by path */
  const files = new Map()
  for (const { output } of [results].flat().filter(result => 'output' in result))
    for (const file of output) files.set(`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source)
  return files
}
