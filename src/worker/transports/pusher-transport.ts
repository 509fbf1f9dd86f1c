import type { Capabilities, Transport } from '../upstream/transport.ts'
import type { PusherClass } from './pusher-client.ts'
import { PusherLink } from './pusher-link.ts'
import { checkOptions, type PusherOptions } from './pusher-options.ts'

const CAPABILITIES: Partial<Capabilities> = { presence: 'members', history: true, ping: true }

/** @param Client one of the builds of pusher-js for workers: only what is imported is bundled */
export function pusherTransport(Client: unknown, options: PusherOptions): Transport {
  return {
    name: 'pusher',
    capabilities: CAPABILITIES,
    create(sink) {
      checkOptions(options)
      return new PusherLink(Client as PusherClass, options, sink)
    },
  }
}
