import Pusher from 'pusher-js/worker/with-encryption/index.js'
import type { Transport } from '../upstream/transport.ts'
import type { PusherOptions } from './pusher-options.ts'
import { pusherTransport } from './pusher-transport.ts'

export type { PusherEndpoint, PusherFields, PusherOptions } from './pusher-options.ts'

/**
 * `pusher` of `partyline/worker/pusher`, with channels whose names begin with `private-encrypted-`: 11 kB more.
 *
 * @example
 * startBroker({ transport: pusher({ key, cluster: 'eu' }) })
 */
export function pusher(options: PusherOptions): Transport {
  return pusherTransport(Pusher, options)
}
