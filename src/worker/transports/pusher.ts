import Pusher from 'pusher-js/worker/index.js'
import type { Transport } from '../upstream/transport.ts'
import type { PusherOptions } from './pusher-options.ts'
import { pusherTransport } from './pusher-transport.ts'

export type { PusherEndpoint, PusherFields, PusherOptions } from './pusher-options.ts'

/**
 * The way upstream over the Pusher Channels protocol: pusher.com, soketi, Laravel Reverb and others. Encrypted channels need
 * the same function of `partyline/worker/pusher-encrypted`.
 *
 * Options that cannot be right become `bad-options` in every tab.
 *
 * @example
 * startBroker({
 *   transport: pusher({ key, cluster: 'eu', channelAuthorization: { endpoint: 'https://example.com/pusher/auth' } }),
 * })
 */
export function pusher(options: PusherOptions): Transport {
  return pusherTransport(Pusher, options)
}
