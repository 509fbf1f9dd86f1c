import type { App } from './app.ts'

export interface HandshakeRefusal {
  readonly code: number
  readonly reason: string
}

export interface ServerState {
  /** All are refused with this code. */
  readonly refusedWith: number | undefined
  /** There are as many connections as there may be. */
  readonly isFull: boolean
}

/** Which code a new connection is closed with, if any. */
export function handshakeRefusal(
  url: URL,
  app: App,
  { refusedWith, isFull }: ServerState,
): HandshakeRefusal | undefined {
  const key = /^\/app\/([^/]+)$/.exec(url.pathname)?.[1]
  const protocol = url.searchParams.get('protocol')
  if (refusedWith !== undefined) return { code: refusedWith, reason: describeClass(refusedWith) }
  if (key === undefined) return { code: 4005, reason: 'Path not found' }
  if (key !== app.key) return { code: 4001, reason: 'App key not in this cluster' }
  if (protocol === null) return { code: 4008, reason: 'No protocol version supplied' }
  if (protocol !== '7') return { code: 4007, reason: 'Unsupported protocol version' }
  return isFull ? { code: 4004, reason: 'The app is over its connection quota' } : undefined
}

function describeClass(code: number): string {
  if (code === 4000) return 'TLS only'
  if (code < 4100) return 'Do not come back unchanged'
  return code < 4200 ? 'Come back later' : 'Come back at once'
}
