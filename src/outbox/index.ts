export type { Body, Death, Entry, MessageBody, NewEntry, RequestBody } from './entry.ts'
