import type { IncomingMessage, ServerResponse } from 'node:http'
import { allowCrossOrigin } from '../http/cross-origin.ts'
import { readBody } from '../http/read-body.ts'
import { withoutBase64 } from './base64.ts'
import type { Endpoint } from './endpoint.ts'
import { closeCodes } from './messages.ts'
import type { SessionDeps } from './session.ts'
import { block, StreamConnection } from './stream-connection.ts'

export interface StreamEndpointDeps {
  readonly session: SessionDeps
  readonly keptMs: number
  readonly maxKept: number
  readonly retryMs: number
  readonly maxMessageBytes: number
  /** So often a comment goes out, for proxies that end what says nothing. */
  readonly pingIntervalMs: number
  readonly onChange: () => void
}

/** The protocol over event streams: the server's messages come on `GET /events`, the client's with `POST /publish`. */
export class StreamEndpoint implements Endpoint {
  readonly #deps: StreamEndpointDeps
  readonly #connections = new Map<string, StreamConnection>()
  readonly #comments: NodeJS.Timeout

  constructor(deps: StreamEndpointDeps) {
    this.#deps = deps
    this.#comments = setInterval(() => this.sendRaw(':\n\n'), deps.pingIntervalMs)
  }

  get size(): number {
    return [...this.#connections.values()].filter(({ isAttached }) => isAttached).length
  }

  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (allowCrossOrigin(request, response)) return
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const session = searchParams.get('session') ?? ''
    const route = `${request.method} ${pathname}`
    if (route !== 'GET /events' && route !== 'POST /publish') return end(response, 404, `There is no ${route}`)
    if (!/^[\w-]{16,64}$/.test(session)) return end(response, 400, 'session is to be 16 to 64 letters, digits, - and _')
    if (route === 'POST /publish') return this.#take(session, request, response)
    const lastEventId = request.headers['last-event-id'] ?? searchParams.get('lastEventId') ?? ''
    this.#open(session, String(lastEventId), response)
  }

  closeAll(code: number, reason: string): void {
    for (const connection of this.#connections.values()) connection.close(code, reason)
  }

  sendRaw(text: string | Uint8Array): void {
    for (const connection of this.#connections.values()) connection.writeRaw(text)
  }

  silence(): void {
    for (const connection of this.#connections.values()) connection.silence()
  }

  close(): void {
    clearInterval(this.#comments)
    for (const connection of this.#connections.values()) connection.end()
  }

  #open(name: string, lastEventId: string, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const retryAfterMs = this.#deps.session.gate.retryAfterMs('connections')
    if (retryAfterMs !== undefined) {
      const reason = JSON.stringify({ retryAfterMs })
      return void response.end(block({ type: 'close', code: closeCodes.rateLimited, reason }))
    }
    const known = this.#connections.get(name)
    if (known?.canResume(lastEventId) === true) known.attach(response, lastEventId)
    else {
      known?.end()
      this.#create(name).attach(response)
    }
    this.#deps.onChange()
  }

  #create(name: string): StreamConnection {
    const { session, keptMs, maxKept, retryMs, onChange } = this.#deps
    const connection: StreamConnection = new StreamConnection({
      session,
      keptMs,
      maxKept,
      retryMs,
      onDetached: onChange,
      onEnd: () => {
        if (this.#connections.get(name) === connection) this.#connections.delete(name)
        onChange()
      },
    })
    this.#connections.set(name, connection)
    return connection
  }

  async #take(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const connection = this.#connections.get(name)
    if (connection?.isSilent === true) return
    if (connection === undefined) return end(response, 404, 'There is no such session: open GET /events first')
    if (Buffer.byteLength(body) > this.#deps.maxMessageBytes) return end(response, 413, 'The messages are too big')
    const messages = parse(body)
    if (messages === undefined) return end(response, 400, 'The body is to be a message, or an array of them, in JSON')
    for (const message of messages) connection.receive(withoutBase64(message))
    end(response, 202, '')
  }
}

function parse(body: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return Array.isArray(value) ? value : [value]
  } catch {
    return undefined
  }
}

function end(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(sentence)
}
