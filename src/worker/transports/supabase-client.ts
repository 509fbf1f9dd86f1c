import { RealtimeClient } from '@supabase/realtime-js'
import type { Project } from './supabase-options.ts'

/** As much of the library as is used here, with what is private to it. */
export interface Library {
  push(message: OutgoingMessage): void
  readonly serializer: { decode(data: unknown, done: (message: unknown) => void): void }
  readonly socketAdapter: { getSocket(): { connect(): void; disconnect(): void } }
}

export interface OutgoingMessage {
  readonly topic: string
  readonly event: string
  readonly payload: object
  readonly ref: string
  readonly join_ref?: string
}

export type SocketClass = new (url: string) => unknown

/**
 * A client of which address, handshake and frames are used. Joins, presence and reconnection are the transport's own: the
 * library would do them again by itself, each topic for one listener only, and broadcast by HTTP without a word.
 */
export function createLibrary({ endPoint, key }: Project, transport: SocketClass): Library {
  const client = new RealtimeClient(endPoint, { params: { apikey: key }, transport: transport as never })
  return client as unknown as Library
}
