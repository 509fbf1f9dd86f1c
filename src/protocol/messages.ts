/**
 * Every message between a tab and its broker. docs/protocol.md has a heading for each, with
 * direction and reaction; this file is the shapes alone.
 *
 * Control (tab → broker) goes by Comlink calls of {@link ControlMethods}; data (broker → tab) goes
 * as {@link Frame}s on a plain port, each answered by one {@link Ack}.
 */
import type { CacheCounts } from './cached-answers.ts'
import type { ErrorCode, WireError } from './errors.ts'
import type { ProtocolVersion } from './version.ts'

// ── broker → tab, unasked, on the control port ──────────────────────────────────────────────────

/**
 * First message on every new port: a broker runs here, in this epoch, or could not start. Later it tells that the
 * broker has let the tab go (`error`) or where its place is now (`moved`).
 */
export interface Announce {
  readonly type: 'partyline:announce'
  readonly protocol: ProtocolVersion
  readonly epoch: string
  readonly error?: WireError | undefined
  readonly moved?: BrokerScript | undefined
}

/** Where a broker runs, and from which script: as much as another tab needs to open it. */
export interface BrokerScript {
  readonly protocol: ProtocolVersion
  readonly generation: number
  readonly url: string
  readonly type: 'module' | 'classic'
}

// ── tab → broker: control calls ─────────────────────────────────────────────────────────────────

/**
 * How the broker learns that the tab died: by its Web Lock, or else by acknowledgements that do not come. `leaving`:
 * the page is about to go and has given up its lock, so what becomes of it is known in a moment.
 */
export type Lease =
  | { readonly kind: 'lock'; readonly name: string }
  | { readonly kind: 'silence' }
  | { readonly kind: 'leaving' }

export interface Hello {
  readonly protocol: ProtocolVersion
  readonly scope: string
  readonly tabId: string
  /** Rises with each attempt of this tab: a later one takes the place of an earlier one. */
  readonly attempt: number
  readonly lease: Lease
  readonly visible: boolean
  readonly focused: boolean
  readonly online: boolean
  /** The tab can be asked for credentials. */
  readonly hasCredentials: boolean
  readonly wanted: readonly Wanted[]
  /** The session that the tab had in an earlier attachment, and the last frame that it handled there. */
  readonly session?: { readonly id: string; readonly seq: number } | undefined
  /** Up to where the tab has handled everything, the oldest first; the last few that it was told. */
  readonly marks?: readonly Mark[] | undefined
  /** Of tabs whose broker ended with them, the oldest first. */
  readonly lastWords?: readonly LastWord[] | undefined
  /** The tab wants to hear how full the outbox is. @default false */
  readonly watchesOutbox?: boolean | undefined
}

/** `one`: of all tabs that ask for it, exactly one gets each event. */
export type Deliver = 'all' | 'one' | 'both'

/** A subscription that the tab brings with it when it attaches. */
export interface Wanted {
  readonly channel: string
  /** @default 'all' */
  readonly deliver?: Deliver | undefined
  /** There when the tab had this subscription in an earlier attachment and wants to hear what it missed. */
  readonly resume?: Resume | undefined
  /** Of the events that came before, so many of the last ones, if they are kept. @default 0 */
  readonly replay?: number | undefined
  /** The tab wants to hear who is in the channel. @default false */
  readonly presence?: boolean | undefined
}

/** Somebody in a channel: a user, or one connection or tab of one, as the server tells them apart. */
export interface Member {
  readonly id: string
  /** What is known of it: one state for each of its connections or tabs. */
  readonly states: readonly unknown[]
}

/** Who is in a channel: all of them, or what has changed. */
export type PresenceChange =
  | { readonly kind: 'state'; readonly members: readonly Member[] }
  /** These are there now, with these states, new or not; those have gone. */
  | { readonly kind: 'diff'; readonly present: readonly Member[]; readonly gone: readonly string[] }

/** How far a tab has come in one channel since its last {@link Mark}. */
export interface Resume {
  /** It has handled events since. */
  readonly moved: boolean
  /** Position of the last one, where the transport has positions. */
  readonly position?: string | undefined
  /** Position of the last one that this tab alone was given. */
  readonly one?: string | undefined
}

/**
 * What a tab that leaves with the broker says to the others, for them to take to the next one: how far it had come in
 * the channels whose events it took alone.
 */
export interface LastWord {
  readonly marks?: readonly Mark[] | undefined
  readonly wanted: readonly Wanted[]
}

/** A place in the stream of events: all that came before it was handed over. */
export interface Mark {
  readonly epoch: string
  /** Events that the broker had received by then. */
  readonly n: number
  readonly checkpoint?: Checkpoint | undefined
}

/**
 * From where another broker can carry on, for each of the server's streams: its session there, as the transport
 * wrote it down, and the position of the last event that came.
 */
export interface Checkpoint {
  readonly [stream: string]: { readonly session: string; readonly position?: string | undefined }
}

export interface Welcome {
  readonly protocol: ProtocolVersion
  readonly epoch: string
  readonly scope: string
  readonly sessionId: string
  /** The session is the one that the tab named: what it had missed follows, and nothing else was lost. */
  readonly resumed: boolean
  readonly limits: SessionLimits
}

/** What one session may hold in the broker. Counts are events and notices, sizes are estimates. */
export interface SessionLimits {
  readonly maxFrameItems: number
  readonly maxFrameBytes: number
  readonly maxQueuedItems: number
  readonly maxQueuedBytes: number
  readonly maxPending: number
  readonly maxChannels: number
  /** A tab without a Web Lock is gone after this silence, in which it was asked for a sign of life. */
  readonly leaseMs: number
}

/** What a tab asks, gathered over one tick. `id`s are the tab's own, rising within an epoch. */
export interface Ask {
  readonly epoch: string
  readonly ops: readonly Op[]
}

export type Op = SubscribeOp | UnsubscribeOp | PublishOp | SignalOp | LeaseOp | CredentialsOp | WatchOutboxOp | TrackOp

export interface SubscribeOp extends Wanted {
  readonly op: 'subscribe'
}

export interface UnsubscribeOp {
  readonly op: 'unsubscribe'
  readonly channel: string
}

export interface PublishOp {
  readonly op: 'publish'
  readonly id: number
  readonly channel: string
  readonly event: string
  readonly payload: unknown
  /** How long the message may wait to be sent and then for its acknowledgement, each; not for one that is stored. */
  readonly timeoutMs: number
  /** It is to be stored in the outbox. */
  readonly durable?: Durable | undefined
}

/** How a message is stored. */
export interface Durable {
  /** The idempotency key, by which it is stored once and a server knows it again. */
  readonly key: string
  /** Messages of one lane are sent in order. @default the channel */
  readonly lane?: string | undefined
  /** How long it is worth sending, in milliseconds. @default without end */
  readonly ttlMs?: number | undefined
  /** The newest message of a lane with the same value takes the place of one that waits. */
  readonly coalesce?: string | undefined
  /** The app has given the key: a message may be stored under it already. */
  readonly own?: boolean | undefined
  /** It may be stored already, or a dead letter by now: it was asked before, perhaps of another broker. */
  readonly again?: boolean | undefined
  /** It was stored in the outbox with this id: only what has become of it is asked; there is no payload. */
  readonly outbox?: string | undefined
}

/** The tab's own state in a channel; without one it has none any more. */
export interface TrackOp {
  readonly op: 'track'
  readonly channel: string
  readonly state?: unknown
}

/** From now on the tab wants to hear how full the outbox is. */
export interface WatchOutboxOp {
  readonly op: 'watch-outbox'
}

/** What the tab knows and a worker cannot see, or asks for by hand. */
export interface SignalOp {
  readonly op: 'signal'
  readonly signal: 'visible' | 'hidden' | 'focused' | 'frozen' | 'online' | 'offline' | 'reconnect' | 'cancel'
  /** With `cancel`: the publish that is no longer awaited. */
  readonly id?: number
}

/** The tab's lease is another now. */
export interface LeaseOp {
  readonly op: 'lease'
  readonly lease: Lease
}

export interface CredentialsOp {
  readonly op: 'credentials'
  readonly id: number
  /** Not there when the tab could not get any. */
  readonly credentials?: Credentials | undefined
}

/** Whatever the transport authenticates with. `expiresAt` is in milliseconds since 1970. */
export interface Credentials {
  readonly expiresAt?: number
  readonly [field: string]: unknown
}

/** Every control call answers with one of these, so that errors keep their code. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError }

/** One refused operation of an {@link Ask}; the others went through. */
export interface OpFailure {
  readonly index: number
  readonly error: WireError
}

// ── broker → tab: frames, and tab → broker: acknowledgements, on the data port ──────────────────

export interface Frame {
  readonly type: 'frame'
  /** 1, 2, 3 … within a session. */
  readonly seq: number
  /** A text is the JSON of an array of event items, made once for several tabs. */
  readonly items: readonly (Item | string)[]
}

export type Item = EventItem | Notice

/**
 * An event, as an array because this is what crosses by the hundred thousand. A negative ref is the channel's
 * subscription with `deliver: 'one'`.
 */
export type EventItem = readonly [
  ref: number,
  event: string,
  payload: unknown,
  position?: string | undefined,
  rest?: readonly unknown[] | undefined,
]

export type Notice =
  | StatusNotice
  | SubscriptionNotice
  | ContinuityNotice
  | ReceiptNotice
  | CredentialsWantedNotice
  | MarkNotice
  | OutboxNotice
  | PresenceNotice

/** Who is in a channel. `state` comes first, and again when the channel was joined anew. */
export interface PresenceNotice {
  readonly type: 'presence'
  readonly ref: number
  readonly change: PresenceChange
}

/** All events before this have reached the tab. Sent after a ping when there is something new to say. */
export interface MarkNotice {
  readonly type: 'mark'
  readonly mark: Mark
}

export interface StatusNotice extends LineStatus {
  readonly type: 'status'
}

/** `left` answers `unsubscribe`: what comes after it belongs to a later subscription. */
export type SubscriptionState = 'joining' | 'joined' | 'refused' | 'left'

/** Tells the `ref` under which a channel's events come, and how its join upstream stands. */
export interface SubscriptionNotice {
  readonly type: 'subscription'
  readonly channel: string
  readonly ref: number
  readonly state: SubscriptionState
  readonly error?: WireError
  /** With `joined`: what the server said to the join. */
  readonly info?: unknown
}

/** What became of the events around a discontinuity. */
export type Continuity =
  | { readonly verdict: 'recovered' }
  | { readonly verdict: 'gap'; readonly missed?: number }
  | { readonly verdict: 'unknown' }

export type ContinuityNotice = { readonly type: 'continuity'; readonly ref: number } & Continuity

export interface ReceiptNotice {
  readonly type: 'receipt'
  readonly id: number
  readonly stage: 'stored' | 'sent' | 'acknowledged' | 'failed'
  /** With `stored`: the id of the outbox. */
  readonly outbox?: string
  /** With `acknowledged`: what the server answered, where this broker has heard it. */
  readonly reply?: unknown
  /** With `failed`: what became of it instead. */
  readonly error?: WireError
}

/** How full the outbox is. Sent to those who asked for it. */
export interface OutboxNotice extends OutboxCounts {
  readonly type: 'outbox'
}

export interface OutboxCounts {
  /** Messages that wait to be sent or acknowledged. */
  readonly waiting: number
  /** Dead letters. */
  readonly dead: number
  /** Of both, estimated. */
  readonly bytes: number
  /** Whether messages can be stored in this browser. */
  readonly storage: 'opening' | 'ready' | 'unavailable'
}

// ── what a tab can ask of the outbox ────────────────────────────────────────────────────────────

export type OutboxRequest =
  | { readonly type: 'counts' }
  | { readonly type: 'list'; readonly state: OutboxEntry['state']; readonly count: number; readonly after: number }
  | { readonly type: 'retry' | 'drop'; readonly keys: readonly string[] }

/** An entry of the outbox, as tabs see it. */
export interface OutboxEntry {
  /** The message's idempotency key. */
  readonly key: string
  /** Rises with each entry. */
  readonly seq: number
  readonly state: 'waiting' | 'dead'
  readonly lane: string
  readonly body:
    | { readonly kind: 'message'; readonly channel: string; readonly event: string; readonly payload: unknown }
    | { readonly kind: 'request'; readonly url: string; readonly method: string }
    /** What was found in the place of an entry. */
    | { readonly kind: 'damaged'; readonly raw: unknown }
  /** Estimated. */
  readonly bytes: number
  /** In milliseconds since 1970. */
  readonly createdAt: number
  /** In milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  /** Attempts that have failed. */
  readonly attempts: number
  /** With `dead`: when, in milliseconds since 1970, and why. */
  readonly died?: { readonly at: number; readonly why: string; readonly error: WireError } | undefined
}

export interface CredentialsWantedNotice {
  readonly type: 'credentials-wanted'
  readonly id: number
  /** What for, where it is not the connection itself. */
  readonly request?: { readonly [field: string]: unknown } | undefined
}

/** The tab has handled the frame with this number: the next may come. */
export interface Ack {
  readonly type: 'ack'
  readonly seq: number
}

// ── shared ──────────────────────────────────────────────────────────────────────────────────────

export type StatusName = 'idle' | 'connecting' | 'open' | 'offline' | 'blocked' | 'closed'

/**
 * Why a line is not open; docs/architecture.md, "Status", has a line for each. An {@link ErrorCode} stands here
 * where the tab itself has no broker.
 */
export type StatusReason =
  | 'retry'
  | 'network'
  | 'server-restart'
  | 'server-closed'
  | 'rate-limited'
  | 'no-credentials'
  | 'refused'
  | 'credentials'
  | 'no-network'
  | 'credentials-refused'
  | 'circuit-open'
  | 'broker-closed'
  | ErrorCode

export interface LineStatus {
  readonly status: StatusName
  readonly reason?: StatusReason
  /** What the last attempt failed of, or the connection was lost by, in the words of whoever noticed; for people. */
  readonly message?: string
  /** The line is open by a lesser way than it could be. */
  readonly degraded?: boolean
  /** Where it waits for a while: how long, in milliseconds, until the next attempt. */
  readonly retryInMs?: number
}

/** Figures of one broker. Counters run since the start of its epoch. */
export interface Stats {
  readonly epoch: string
  /** 1 for the first broker, one more for each that replaced a dead or hung one. */
  readonly generation: number
  readonly scope: string
  readonly uptimeMs: number
  readonly sessions: {
    /** All of them, those in the back/forward cache included. */
    readonly attached: number
    readonly visible: number
    /** In the back/forward cache. */
    readonly suspended: number
    /** Whose death was noticed without a farewell, since the start. */
    readonly detachedDead: number
  }
  readonly connection: {
    readonly state: string
    readonly reason?: StatusReason
    readonly transport: string
    readonly sinceMs: number
    readonly opened: number
    readonly lost: number
    readonly failures: number
    readonly lastCause?: string
    readonly degraded: boolean
  }
  readonly channels: readonly {
    readonly channel: string
    readonly sessions: number
    readonly state: string
  }[]
  readonly traffic: {
    readonly eventsIn: number
    readonly eventsUnrouted: number
    /** Messages of the server that made no sense. */
    readonly malformed: number
    readonly deliveries: number
    readonly frames: number
    readonly dropped: number
    readonly published: number
    readonly acknowledged: number
    readonly failed: number
  }
  readonly queued: { readonly items: number; readonly bytes: number }
  readonly outbox: OutboxCounts
  readonly rejectedMessages: number
  /** How the service worker answered the app's requests; not there where nothing was ever counted. */
  readonly cache?: CacheCounts
}
