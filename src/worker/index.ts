export { createBroker, type Broker, type BrokerDeps } from './broker.ts'
export type { BrokerHost, Port } from './host.ts'
export { resolveOptions, type BrokerOptions } from './options.ts'
export type { BrokerContext, BrokerOptionsSource } from './hosts/reception.ts'
export { startBroker } from './start-broker.ts'
export {
  toUpstreamError,
  UpstreamError,
  type AuthorisationRequest,
  type BatchedMessage,
  type Capabilities,
  type CauseKind,
  type OpenRequest,
  type Transport,
  type TransportLink,
  type TransportSink,
  type UpstreamEvent,
  type UpstreamMessage,
} from './upstream/transport.ts'
export { fromChannelId, PartylineError, toChannelId } from '../protocol/index.ts'
export type {
  ChannelAddress,
  ChannelParams,
  Checkpoint,
  Continuity,
  Credentials,
  Member,
  PresenceChange,
  Stats,
} from '../protocol/index.ts'
