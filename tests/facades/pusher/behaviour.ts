import type { PusherServerOptions } from '../../support/servers/pusher/pusher-server.ts'
import type { Api } from './page/api.ts'

/** Something that an app can see, which is to be the same with pusher-js and with its face. */
export interface Behaviour {
  readonly name: string
  readonly server?: PusherServerOptions
  /** Notes what it sees. */
  readonly run: (api: Api) => Promise<void>
  readonly differs?: Difference
}

export interface Difference {
  /** A part of the row in docs/migrate-pusher.md that says so, and why. */
  readonly row: string
  /** What is seen with the face instead. */
  readonly face: unknown
}
