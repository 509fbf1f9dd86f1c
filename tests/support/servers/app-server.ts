import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { respond as respondWithFile } from '../e2e/serve-folder.ts'

export interface ApiRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ApiAnswer {
  /** @default 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown
  /** @default 0 */
  readonly delayMs?: number
}

export type Api = (request: ApiRequest) => ApiAnswer

export interface AppServer {
  readonly url: string
  /** What was asked of the API, in order of arrival. */
  readonly requests: readonly ApiRequest[]
  /** Answers what begins with this path from now on; the last one that fits counts. */
  on(path: string, api: Api): void
  /** Breaks all connections and takes no more: the network is gone. */
  cut(): Promise<void>
  /** On the same port. */
  restore(): Promise<void>
  /** From now on the service worker's script is a newer one. */
  deploy(): void
  close(): Promise<void>
}

/** A web app's own server: its files, and an API below /api/. It has an origin, and so a service worker, to itself. */
export async function startAppServer(folder: string): Promise<AppServer> {
  const apis: (readonly [path: string, api: Api])[] = []
  const requests: ApiRequest[] = []
  let version = 1
  let port = 0
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const api = apis.findLast(([prefix]) => path.startsWith(prefix))?.[1]
    if (api !== undefined) return answerApi(api, request, response)
    await respondWithFile(folder, request, response, path === '/sw.js' ? `\n// ${version}` : '')
  }

  async function answerApi(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readRequest(request)
    requests.push(asked)
    const { status = 200, headers = {}, body, delayMs = 0 } = api(asked)
    if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
    const isText = typeof body === 'string'
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
    response.end(isText ? body : JSON.stringify(body))
  }

  async function listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
    ;({ port } = server.address() as AddressInfo)
  }

  async function cut(): Promise<void> {
    if (!server.listening) return
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await closed
  }

  await listen()
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    on: (path, api) => void apis.push([path, api]),
    cut,
    restore: listen,
    deploy: () => void version++,
    close: cut,
  }
}

async function readRequest(request: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body: bodyOf(Buffer.concat(chunks), request.headers['content-encoding']),
  }
}

function bodyOf(bytes: Buffer, encoding: string | undefined): string {
  return (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()
}
