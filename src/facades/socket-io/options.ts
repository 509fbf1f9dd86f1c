import type { ConnectOptions } from '../../client/index.ts'

export interface SocketOptions {
  /** Sent in the handshake; a function is asked at each connection. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in the original
  auth?: { [key: string]: any } | ((send: (data: object) => void) => void)
  /** How often an emit is tried again that was not acknowledged. */
  retries?: number
  /** In milliseconds. */
  ackTimeout?: number
}

/** What this face has beside the original's options. */
export interface FaceOptions {
  /**
   * Whose line it is: tabs with the same scope share one connection, and nothing crosses scopes. Normally the signed-in
   * user's id. Name it where cookies alone tell who the user is, and where tokens change.
   * @default made of the server, `auth`, `query` and `extraHeaders`
   */
  scope?: ConnectOptions['scope']
  /**
   * The app's own events by which the server lets a connection into a room, each with the one by which it leaves, such as
   * `{ join: 'leave' }`. The first argument is the room, or an object whose first property names it. The server hears the
   * latter only when the last tab that had entered leaves or is gone.
   */
  rooms?: { readonly [enter: string]: string }
  /**
   * What the other tabs of this browser are to get when this one emits an event, as if the server had sent it: event and
   * arguments, or nothing. For servers that broadcast to everybody but the sender, which is one connection for all tabs.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- the app's own
  toOtherTabs?: (event: string, ...args: any[]) => readonly [event: string, ...args: unknown[]] | undefined
}

/** The original's. What is said of the connection itself is the worker's to say, `query` and `extraHeaders` excepted. */
export interface ManagerOptions {
  forceNew: boolean
  multiplex: boolean
  path: string
  autoConnect: boolean
  reconnection: boolean
  reconnectionAttempts: number
  reconnectionDelay: number
  reconnectionDelayMax: number
  randomizationFactor: number
  timeout: number
  // oxlint-disable-next-line typescript/no-explicit-any -- as in the original
  query: { [key: string]: any }
  extraHeaders: { [header: string]: string }
  // oxlint-disable-next-line typescript/no-explicit-any -- as in the original
  transports: string[] | (new (...args: any[]) => any)[]
  withCredentials: boolean
  // oxlint-disable-next-line typescript/no-explicit-any -- as in the original
  parser: any
  /** Others of the original. */
  [option: string]: unknown
}

export type Options = Partial<ManagerOptions & SocketOptions & FaceOptions>
