export type { Departure } from './departures.ts'
export { LEASE_MS, RENEW_EVERY_MS } from './drain-lease.ts'
export type { Body, Death, Entry, MessageBody, NewEntry, RequestBody } from './entry.ts'
export type { Added } from './intake.ts'
export { openNotes, type Forgotten, type Notes, type StaleStamp } from './notes.ts'
export {
  deleteOutbox,
  openExistingOutbox,
  openOutbox,
  scopesWithOutbox,
  type Fate,
  type Kind,
  type Lane,
  type OpenOutboxOptions,
  type Outbox,
} from './outbox.ts'
export type { OutboxLimits, Usage } from './usage.ts'
