export { connect } from './connect.ts'
export type * from './types.ts'
export {
  PartylineError,
  type Continuity,
  type Credentials,
  type ErrorCode,
  type OutboxCounts,
  type OutboxEntry,
  type Stats,
  type StatusName,
  type StatusReason,
} from '../protocol/index.ts'
