import type { Transport } from '../upstream/transport.ts'
import { capabilitiesOf } from './websocket-codec.ts'
import { WebSocketLink } from './websocket-link.ts'
import { resolveOptions, type WebSocketOptions } from './websocket-options.ts'
import { partylineCodec } from './websocket-partyline-codec.ts'

export type {
  Codec,
  CodecOffers,
  Frame,
  Incoming,
  OutgoingChannel,
  OutgoingJoin,
  OutgoingMessage,
  OutgoingState,
} from './websocket-codec.ts'
export type { WebSocketFallback, WebSocketOptions } from './websocket-options.ts'
export { partylineCodec, type PartylineCodecOptions } from './websocket-partyline-codec.ts'
export { UpstreamError } from '../upstream/transport.ts'

/**
 * The way upstream over a WebSocket, with any protocol that a {@link Codec} can speak; by itself that of
 * docs/websocket-protocol.md. What the protocol offers is what the line offers.
 *
 * Where sockets do not get through, `fallback` goes on over server-sent events and POST, and comes back to a socket
 * without a loss as soon as one gets through: `status.degraded` tells.
 *
 * Options that cannot be right become `bad-options` in every tab.
 *
 * @example
 * startBroker({ transport: webSocket({ url: 'wss://api.example.com/socket' }) })
 */
export function webSocket(options: WebSocketOptions): Transport {
  return {
    name: 'websocket',
    capabilities: capabilitiesOf((options as WebSocketOptions | undefined)?.codec ?? partylineCodec()),
    create: sink => new WebSocketLink(resolveOptions(options), sink),
  }
}
