export { createBroker, type Broker, type BrokerDeps } from './broker.ts'
export type { BrokerHost, Port } from './host.ts'
export { resolveOptions, type BrokerOptions } from './options.ts'
export type { BrokerContext, BrokerOptionsSource } from './hosts/reception.ts'
export { startBroker } from './start-broker.ts'
export {
  UpstreamError,
  type CauseKind,
  type Transport,
  type TransportLink,
  type TransportSink,
  type UpstreamEvent,
  type UpstreamMessage,
} from './upstream/transport.ts'
export type { Continuity, Credentials, Stats } from '../protocol/index.ts'
