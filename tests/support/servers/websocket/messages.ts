/** The messages of docs/websocket-protocol.md. */
export type ClientMessage = Auth | Join | Leave | Track | Untrack | Publish | Ping | Close

export interface Auth {
  readonly type: 'auth'
  readonly id: number
  readonly credentials: { readonly [field: string]: unknown }
}

export interface Join {
  readonly type: 'join'
  readonly id: number
  readonly channel: string
  /** The position of the last event that the client has of this channel. */
  readonly after: string | undefined
  /** The client wants to hear who is there. */
  readonly presence: boolean
}

export interface Leave {
  readonly type: 'leave'
  readonly id: number
  readonly channel: string
}

export interface Track {
  readonly type: 'track'
  readonly id: number
  readonly channel: string
  readonly state: unknown
}

export interface Untrack {
  readonly type: 'untrack'
  readonly id: number
  readonly channel: string
}

export interface Publish {
  readonly type: 'publish'
  readonly id: number
  readonly channel: string
  readonly event: string
  /** Bytes, or what JSON can say. */
  readonly payload: unknown
  readonly key: string | undefined
}

export interface Ping {
  readonly type: 'ping'
}

/** Event streams only: what the end of the connection is over a WebSocket. */
export interface Close {
  readonly type: 'close'
}

export type ServerMessage = Ack | EventMessage | PresenceMessage | Left | Pong

export type Ack = { readonly type: 'ack'; readonly id: number } & Outcome

export type Outcome = Accepted | { readonly ok: false; readonly error: Refusal }

export interface Accepted {
  readonly ok: true
  readonly reply?: unknown
  /** With `join`: that of the channel's last event. */
  readonly position?: string
  /** With `join` after a position: all that came since then has been sent. */
  readonly recovered?: boolean
  /** With `recovered: false`: how many events are lost. */
  readonly missed?: number
}

export interface Refusal {
  readonly code: 'refused' | 'rate-limited' | 'unavailable' | 'bad-message'
  readonly message: string
  readonly retryAfterMs?: number
  readonly details?: unknown
}

export interface EventMessage {
  readonly type: 'event'
  readonly channel: string
  readonly event: string
  readonly payload?: unknown
  readonly position?: string
}

export type PresenceMessage = { readonly type: 'presence'; readonly channel: string } & (
  | { readonly state: Members }
  | { readonly joined: Members }
  | { readonly left: readonly string[] }
)

export interface Members {
  readonly [member: string]: unknown
}

/** The server took the client out of a channel. */
export interface Left {
  readonly type: 'left'
  readonly channel: string
  readonly error: Refusal
}

export interface Pong {
  readonly type: 'pong'
}

export const closeCodes = {
  goingAway: 1001,
  restart: 1012,
  badMessage: 4400,
  credentials: 4401,
  noCredentialsInTime: 4408,
  rateLimited: 4429,
} as const
