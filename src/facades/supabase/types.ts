/** The public types of `@supabase/realtime-js`, as far as this face has them: an app compiles with either. */
/* oxlint-disable typescript/no-explicit-any, typescript/no-unnecessary-type-parameters -- as in the library: payloads are the app's */

export type SubscribeStatus = 'SUBSCRIBED' | 'TIMED_OUT' | 'CLOSED' | 'CHANNEL_ERROR'
export type ChannelState = 'closed' | 'errored' | 'joined' | 'joining' | 'leaving'
export type SendResponse = 'ok' | 'timed out' | 'error' | (string & {})
export type ListenType = 'broadcast' | 'presence' | 'postgres_changes' | 'system'

export interface RealtimeChannelOptions {
  config: {
    broadcast?: {
      /** This tab hears its own broadcasts. */
      self?: boolean
      /** `send` waits for the server's word. */
      ack?: boolean
      /** Not offered: such a channel hears `CHANNEL_ERROR`. */
      replay?: { since: number; limit?: number }
      /** Not offered: such a channel hears `CHANNEL_ERROR`. */
      replication_ready?: boolean
    }
    /** `key` stands for this browser: all tabs that want the same topic have the same. */
    presence?: { key?: string; enabled?: boolean }
    private?: boolean
    /** `wait`: `SUBSCRIBED` comes when row changes flow; the server's own time for it holds. */
    postgres_changes_options?: { wait?: boolean; timeout?: number }
  }
}

export interface Options {
  params?: { [key: string]: any }
  /** How long a join or a message may take, in milliseconds. @default 10_000 */
  timeout?: number
  /** How often `accessToken` is asked. @default 25_000 */
  heartbeatIntervalMs?: number
  accessToken?: (() => Promise<string | null>) | null
  /** How long the connection stays when no channel is left. @default twice `heartbeatIntervalMs` */
  disconnectOnEmptyChannelsAfterMs?: number
  logger?: (kind: string, msg: string, data?: any) => void
  fetch?: typeof fetch
  /**
   * Whose line it is; nothing crosses scopes. @default made from the address, the key and the token's `sub`, or the token
   * where it has none
   */
  scope?: string
}

/** What the library takes and the worker has: taken, and not used. */
export interface UnusedOptions {
  transport?: unknown
  heartbeatCallback?: unknown
  vsn?: string
  encode?: unknown
  decode?: unknown
  reconnectAfterMs?: unknown
  headers?: { [key: string]: string }
  log_level?: string
  logLevel?: string
  worker?: boolean
  workerUrl?: string
  sessionStorage?: unknown
}

export type RealtimeClientOptions = Options & UnusedOptions

export type Presence<T extends { [key: string]: any } = {}> = { presence_ref: string } & T

export interface RealtimePresenceState<T extends { [key: string]: any } = {}> {
  [key: string]: Presence<T>[]
}

export interface RealtimePresenceJoinPayload<T extends { [key: string]: any }> {
  event: 'join'
  key: string
  currentPresences: Presence<T>[]
  newPresences: Presence<T>[]
}

export interface RealtimePresenceLeavePayload<T extends { [key: string]: any }> {
  event: 'leave'
  key: string
  currentPresences: Presence<T>[]
  leftPresences: Presence<T>[]
}

interface RowBase {
  schema: string
  table: string
  commit_timestamp: string
  errors: string[]
}

export type RealtimePostgresInsertPayload<T extends { [key: string]: any }> = RowBase & {
  eventType: 'INSERT'
  new: T
  old: {}
}

export type RealtimePostgresUpdatePayload<T extends { [key: string]: any }> = RowBase & {
  eventType: 'UPDATE'
  new: T
  old: Partial<T>
}

export type RealtimePostgresDeletePayload<T extends { [key: string]: any }> = RowBase & {
  eventType: 'DELETE'
  new: {}
  old: Partial<T>
}

export type RealtimePostgresChangesPayload<T extends { [key: string]: any }> =
  | RealtimePostgresInsertPayload<T>
  | RealtimePostgresUpdatePayload<T>
  | RealtimePostgresDeletePayload<T>

type RowEvent = '*' | 'INSERT' | 'UPDATE' | 'DELETE'

export interface RealtimePostgresChangesFilter<T extends RowEvent> {
  event: T
  schema: string
  table?: string
  /** Such as `id=eq.1`, or what `postgresChangesFilter()` of the library has made. */
  filter?: string | { build(): string }
  /** Columns to tell beside the primary key. */
  select?: string[]
}

export interface RealtimeSystemPayload {
  extension: 'system' | 'postgres_changes' | (string & {})
  status: 'ok' | 'error' | (string & {})
  message: string
  channel: string
}

interface BroadcastRowBase {
  schema: string
  table: string
  id: string
}

export type RealtimeBroadcastInsertPayload<T extends { [key: string]: any }> = BroadcastRowBase & {
  operation: 'INSERT'
  record: T
  old_record: null
}

export type RealtimeBroadcastUpdatePayload<T extends { [key: string]: any }> = BroadcastRowBase & {
  operation: 'UPDATE'
  record: T
  old_record: T
}

export type RealtimeBroadcastDeletePayload<T extends { [key: string]: any }> = BroadcastRowBase & {
  operation: 'DELETE'
  record: null
  old_record: T
}

export type RealtimeBroadcastPayload<T extends { [key: string]: any }> =
  | RealtimeBroadcastInsertPayload<T>
  | RealtimeBroadcastUpdatePayload<T>
  | RealtimeBroadcastDeletePayload<T>

export type RealtimeBroadcastPersist = boolean | { ttl?: number }

export interface BroadcastMeta {
  replayed?: boolean
  id: string
}

export interface SendArgs {
  type: 'broadcast' | 'presence' | 'postgres_changes'
  event: string
  payload?: any
  persist?: RealtimeBroadcastPersist
  [key: string]: any
}

/** How `on` is called; `Channel` is what it returns. */
export interface On<Channel> {
  (type: 'presence', filter: { event: 'sync' }, callback: () => void): Channel
  <T extends { [key: string]: any }>(
    type: 'presence',
    filter: { event: 'join' },
    callback: (payload: RealtimePresenceJoinPayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'presence',
    filter: { event: 'leave' },
    callback: (payload: RealtimePresenceLeavePayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'presence',
    filter: { event: '*' },
    callback: (payload?: RealtimePresenceJoinPayload<T> | RealtimePresenceLeavePayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'postgres_changes',
    filter: RealtimePostgresChangesFilter<'*'>,
    callback: (payload: RealtimePostgresChangesPayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'postgres_changes',
    filter: RealtimePostgresChangesFilter<'INSERT'>,
    callback: (payload: RealtimePostgresInsertPayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'postgres_changes',
    filter: RealtimePostgresChangesFilter<'UPDATE'>,
    callback: (payload: RealtimePostgresUpdatePayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'postgres_changes',
    filter: RealtimePostgresChangesFilter<'DELETE'>,
    callback: (payload: RealtimePostgresDeletePayload<T>) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'postgres_changes',
    filter: RealtimePostgresChangesFilter<RowEvent>,
    callback: (payload: RealtimePostgresChangesPayload<T>) => void,
  ): Channel
  (
    type: 'broadcast',
    filter: { event: string },
    callback: (payload: { type: 'broadcast'; event: string; meta?: BroadcastMeta; [key: string]: any }) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'broadcast',
    filter: { event: string },
    callback: (payload: { type: 'broadcast'; event: string; meta?: BroadcastMeta; payload: T }) => void,
  ): Channel
  <T extends Record<string, unknown>>(
    type: 'broadcast',
    filter: { event: '*' },
    callback: (payload: { type: 'broadcast'; event: '*'; payload: RealtimeBroadcastPayload<T> }) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'broadcast',
    filter: { event: 'INSERT' },
    callback: (payload: { type: 'broadcast'; event: 'INSERT'; payload: RealtimeBroadcastInsertPayload<T> }) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'broadcast',
    filter: { event: 'UPDATE' },
    callback: (payload: { type: 'broadcast'; event: 'UPDATE'; payload: RealtimeBroadcastUpdatePayload<T> }) => void,
  ): Channel
  <T extends { [key: string]: any }>(
    type: 'broadcast',
    filter: { event: 'DELETE' },
    callback: (payload: { type: 'broadcast'; event: 'DELETE'; payload: RealtimeBroadcastDeletePayload<T> }) => void,
  ): Channel
  (type: 'system', filter: {}, callback: (payload: any) => void): Channel
  (type: ListenType, filter: { event: string; [key: string]: any }, callback: (payload: any) => void): Channel
}
