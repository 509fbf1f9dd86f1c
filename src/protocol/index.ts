export { brokersChannel } from './brokers-channel.ts'
export { fromWireError, PartylineError, type ErrorCode, type ErrorOptions, type WireError } from './errors.ts'
export { cacheName, cachePrefix } from './cache-name.ts'
export { NO_COUNTS, type CacheCounts, type StaleRule } from './cached-answers.ts'
export type * from './messages.ts'
export { isAnnounce, parseFrame, parseWelcome } from './parse-frame.ts'
export {
  MAX_NAME_LENGTH,
  MAX_OPS,
  parseAck,
  parseAsk,
  parseCheckpoint,
  parseHello,
  parseOutboxRequest,
  parseVersion,
} from './parse.ts'
export { fromChannelId, toChannelId, type ChannelAddress, type ChannelParams } from './channel-id.ts'
export { describe, toWireError } from './to-wire-error.ts'
export { PROTOCOL_VERSION, type ProtocolVersion } from './version.ts'
export { generationOf, tabsChannel, toLeaseName } from './lease-name.ts'
export {
  isScopeQuestion,
  parsePageMessage,
  parseScopeAnswer,
  SYNC_TAG,
  type PageMessage,
  type ScopeAnswer,
  type ScopeQuestion,
} from './service-worker.ts'
export { fromWorkerName, toWorkerName, type BrokerAddress } from './worker-name.ts'
