import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'

export interface FolderServer {
  /** Without a slash at the end. */
  readonly url: string
  /** Idempotent; also ends connections that browsers keep open. */
  readonly close: () => Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
}

/** Serves a folder's files on a free port of the loopback. */
export async function serveFolder(folder: string): Promise<FolderServer> {
  const server = createServer((request, response) => void respond(folder, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/**
 * Answers with a file of the folder, or with 404.
 * @param addition what to send after the file
 */
export async function respond(
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
  addition = '',
): Promise<void> {
  const file = await fileFor(folder, request.url ?? '/')
  if (file === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    // Always the newest build; `no-store` would keep pages out of the back/forward cache.
    'cache-control': 'no-cache',
  })
  const stream = createReadStream(file)
  stream.pipe(response, { end: false })
  stream.once('end', () => response.end(addition))
}

async function fileFor(folder: string, url: string): Promise<string | undefined> {
  const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname))
  const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
  const found = await stat(file).catch(() => undefined)
  return found?.isFile() === true ? file : undefined
}
