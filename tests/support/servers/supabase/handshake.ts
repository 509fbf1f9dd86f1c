import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Version } from './frames.ts'
import type { Hub } from './hub.ts'

export type Handshake = { readonly isGranted: true; readonly version: Version; readonly apiKey: string } | Refusal

export interface Refusal {
  readonly isGranted: false
  readonly status: number
  readonly error: string
}

const socketPath = '/realtime/v1/websocket'

/** @param connections how many there are without this one */
export function readHandshake({ tokens, limits }: Hub, request: IncomingMessage, connections: number): Handshake {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname !== socketPath) return refusal(404, 'not found')
  const apiKey = searchParams.get('apikey')
  if (apiKey === null) return refusal(401, 'API key is missing')
  const verdict = tokens.read(apiKey)
  if (!verdict.isValid) return refusal(401, verdict.message)
  if (connections >= (limits.connections ?? Infinity)) return refusal(429, 'Too many connected users')
  return { isGranted: true, version: searchParams.get('vsn') === '2.0.0' ? 2 : 1, apiKey }
}

const refusal = (status: number, error: string): Refusal => ({ isGranted: false, status, error })

/** Answers as plain HTTP; a browser tells its page no more than that the connection failed. */
export function refuseHandshake(socket: Duplex, { status, error }: Refusal): void {
  const body = JSON.stringify({ error })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}
