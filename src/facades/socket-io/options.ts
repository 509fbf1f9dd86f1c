import type { ConnectOptions } from '../../client/index.ts'

/** What this face alone has, beside the original's options. */
export interface FaceOptions {
  /**
   * Whose line it is: tabs with the same scope share one connection, and nothing crosses scopes. Normally the signed-in
   * user's id. Name it where cookies alone tell who the user is, and where tokens change.
   * @default made of the server, `auth`, `query` and `extraHeaders`
   */
  readonly scope?: ConnectOptions['scope']
  /**
   * The app's own events by which the server lets a connection into a room, each with the one by which it leaves, such as
   * `{ join: 'leave' }`. The first argument is the room, or an object whose first property names it. The server hears the
   * latter only when the last tab that had entered leaves or is gone.
   */
  readonly rooms?: { readonly [enter: string]: string }
  /**
   * What the other tabs of this browser are to get when this one emits an event, as if the server had sent it: event and
   * arguments, or nothing. For servers that broadcast to everybody but the sender, which is one connection for all tabs.
   */
  readonly toOtherTabs?: (event: string, ...args: never[]) => readonly [event: string, ...args: unknown[]] | undefined
  readonly auth?: object | ((send: (data?: object) => void) => void)
  readonly retries?: number
  readonly ackTimeout?: number
}

export interface ManagerOptions extends FaceOptions {
  forceNew?: boolean
  multiplex?: boolean
  path?: string
  autoConnect?: boolean
  reconnection?: boolean
  reconnectionAttempts?: number
  reconnectionDelay?: number
  reconnectionDelayMax?: number
  randomizationFactor?: number
  timeout?: number | false
  transports?: string[]
  query?: { [key: string]: string }
  extraHeaders?: { [header: string]: string }
}
