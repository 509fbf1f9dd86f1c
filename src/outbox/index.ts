export type { Body, Death, Entry, MessageBody, NewEntry, RequestBody } from './entry.ts'
export { openNotes, type Forgotten, type Notes, type StaleStamp } from './notes.ts'
