import type { WireError } from '../protocol/index.ts'

/** What is to be sent: an event over the line, or a call that the app made with `fetch`. */
export type Body = MessageBody | RequestBody | DamagedBody

export interface MessageBody {
  readonly kind: 'message'
  readonly channel: string
  readonly event: string
  /** What can be cloned. */
  readonly payload: unknown
}

export interface RequestBody {
  readonly kind: 'request'
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: ArrayBuffer | undefined
  readonly credentials: 'omit' | 'same-origin' | 'include'
}

/** Among the dead letters: what was found in the place of an entry. */
export interface DamagedBody {
  readonly kind: 'damaged'
  readonly raw: unknown
}

export interface NewEntry {
  /** The idempotency key: the same message is stored once, and a server can tell that it had it before. */
  readonly key: string
  /** Entries of a lane are sent in the order in which they were stored; lanes do not wait for each other. */
  readonly lane: string
  readonly body: Body
  /** Of the body, estimated. */
  readonly bytes: number
  /** In milliseconds since 1970. */
  readonly createdAt: number
  /** When it is not worth sending any more, in milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  /** A waiting entry of the same lane and `coalesce` gives way to this one, which takes its place in the lane. */
  readonly coalesce?: string | undefined
}

/**
 * Why an entry is among the dead letters: the server refused it, its time was up, all attempts were in vain, or it is
 * no entry at all.
 */
export type Death = 'rejected' | 'expired' | 'unconfirmed' | 'damaged'

export interface Entry extends NewEntry {
  /** Rises with each entry of the database, over all contexts. */
  readonly seq: number
  readonly state: 'waiting' | 'dead'
  /** Attempts that have failed. */
  readonly attempts: number
  /** With `dead`: when, in milliseconds since 1970, and why. */
  readonly died?: { readonly at: number; readonly why: Death; readonly error: WireError } | undefined
}
