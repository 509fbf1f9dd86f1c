import PusherJs, { type Options } from 'pusher-js'
import type { PusherServer } from './pusher-server.ts'

/** The class itself is what the library's Node build exports; its types have it as `default`. */
const Pusher = PusherJs as unknown as typeof PusherJs.default

export type PusherClient = PusherJs.default

export interface PusherClientOptions extends Partial<Options> {
  /** Who asks at the auth endpoints. @default `guest` */
  readonly user?: string
  readonly watchlist?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** The real pusher-js, set up for a server of these tests. It connects at once. */
export function openPusherClient(server: PusherServer, options: PusherClientOptions = {}): PusherClient {
  const { user = 'guest', watchlist = [], headers = {}, ...own } = options
  const asker = { transport: 'ajax' as const, params: { user_id: user, watchlist: watchlist.join(',') }, headers }
  return new Pusher(server.app.key, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: { ...asker, endpoint: `${server.url}/pusher/auth` },
    userAuthentication: { ...asker, endpoint: `${server.url}/pusher/user-auth` },
    ...own,
  })
}
