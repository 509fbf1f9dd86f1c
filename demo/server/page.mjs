/** The demo's page, built by Vite when the house opens and served from memory. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** @import { RequestListener } from 'node:http' */

const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url))

/** @type {Readonly<Record<string, string>>} */
const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' }

/** @type {Promise<Map<string, string | Uint8Array>> | undefined} */
let building

/** @returns {Promise<RequestListener>} */
export async function createPage() {
  const files = await (building ??= buildFiles())
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

async function buildFiles() {
  const built = await build({ configFile, logLevel: 'warn', build: { write: false } })
  /** @type {Map<string, string | Uint8Array>} by path */
  const files = new Map()
  for (const { output } of [built].flat().filter(result => 'output' in result))
    for (const file of output) files.set(`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source)
  return files
}
