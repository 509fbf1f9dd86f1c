export { connect } from './connect.ts'
export type * from './types.ts'
export {
  PartylineError,
  type ChannelParams,
  type Continuity,
  type Credentials,
  type ErrorCode,
  type Member,
  type OutboxCounts,
  type OutboxEntry,
  type Stats,
  type StatusName,
  type StatusReason,
} from '../protocol/index.ts'
