import type { RealtimeChannel, RealtimeClient, RealtimeClientOptions } from '@supabase/realtime-js'
import type { SupabaseClient } from '@supabase/supabase-js'

/** One thing that an app can see, run with the library and with the face. */
export interface Behaviour {
  readonly name: string
  readonly run: (api: Api) => Promise<void>
  /** What is seen with the face is something else; `why` stands in docs/migrate-supabase.md. */
  readonly differs?: { readonly why: string; readonly face: readonly unknown[] }
}

/** What a behaviour does things with. */
export interface Api {
  /** Nobody else's, unless it is told. */
  readonly topic: string
  readonly address: string
  readonly key: string
  /** Of the library or of the face. */
  create(options?: Partial<RealtimeClientOptions>): RealtimeClient
  /** A client of supabase-js, with its own connection or the shared one. */
  supabase(accessToken?: () => Promise<string>): SupabaseClient
  /** Always of the library: somebody else, in another browser. */
  peer(): RealtimeClient
  readonly server: ServerCalls
  /** Writes down what is seen. */
  note(...seen: unknown[]): void
  /** Notes what it is called with, the first of it, under the name. */
  noting(name: string): (seen: unknown) => void
  /** Resolves when this was noted under the name, so many times. */
  noted(name: string, times?: number): Promise<void>
  /** Subscribes, notes each status with its error, and resolves with the first SUBSCRIBED. */
  joined(channel: RealtimeChannel): Promise<RealtimeChannel>
  /** Subscribes the channel of a peer, noting nothing. */
  peerJoined(channel: RealtimeChannel): Promise<RealtimeChannel>
  /** Notes how it ends: a value or an error. */
  outcome(name: string, run: () => unknown): Promise<void>
  /** Resolves when the condition holds. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
}

/** What a test does to the server, from the page. */
export interface ServerCalls {
  broadcast(topic: string, event: string, payload: object): Promise<void>
  insert(table: string, row: object): Promise<void>
  cut(): Promise<void>
  crash(topic: string): Promise<void>
  shutDown(topic: string, message: string): Promise<void>
  expire(token: string): Promise<void>
  refuseConnections(status: number): Promise<void>
  silence(): Promise<void>
  token(claims: object): Promise<string>
  holders(token: string): Promise<number>
  /** The configurations with which the topic was joined. */
  joins(topic: string): Promise<readonly { readonly [name: string]: unknown }[]>
  leaves(topic: string): Promise<number>
}
