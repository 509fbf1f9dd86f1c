/**
 * The contract between the broker and one client library. The broker owns reconnection, joins and
 * routing; a transport turns the library's calls and events into these few verbs.
 */
import type { Checkpoint, Continuity, Credentials, PresenceChange } from '../../protocol/index.ts'

/**
 * What a transport can do, as data, for people and for the conformance suite. The broker goes by the verbs that are there.
 */
export interface Capabilities {
  /** The server confirms each message: `publish` resolves with its answer, not merely when it was handed over. */
  readonly acknowledgement: boolean
  /** Who is in a channel; `track` and `untrack` are there where `own` states can be told. */
  readonly presence: false | 'members' | 'own'
  /** The server can send events that came before the join. */
  readonly history: boolean
  /** After a lost connection the server can send what was missed, or say that nothing was. */
  readonly recovery: boolean
  /** The server filters events by what the channel's parameters say. */
  readonly filters: boolean
  /** Payloads may be, or hold, bytes. */
  readonly binary: boolean
  /** A connection that has gone silent is found out without an event. */
  readonly ping: boolean
  /** New credentials reach the open connection. */
  readonly renewal: boolean
}

/** What an app passes to `startBroker`. Does nothing until `create` is called. */
export interface Transport {
  readonly name: string
  /** What is left out it cannot do. */
  readonly capabilities?: Partial<Capabilities>
  /** Called once in a broker's life. */
  create(sink: TransportSink): TransportLink
}

export interface TransportLink {
  /**
   * Makes the one connection. Resolves when the server has accepted it; rejects with an
   * {@link UpstreamError} that tells the cause. After `signal` aborted, or after a rejection, no
   * connection may be left behind. Never called while a connection is open or being opened.
   *
   * With `resume`: another broker's connection is gone, and this one may carry on from there. For each channel
   * that the server has restored {@link TransportSink.continuity} is to be called with `recovered`, and what
   * was missed is to be handed over, before this resolves.
   */
  open(request: OpenRequest): Promise<void>
  /**
   * Joins a channel on the open connection. Resolves when the server has confirmed it (at once where
   * it needs no joining); rejects with `UpstreamError('refused')` when the server said no, with any
   * other kind when it is worth trying again. Called once a connection for every wanted channel. What it resolves with,
   * plain data, tabs get as `info` of the state `joined`.
   */
  join(channel: string, signal: AbortSignal): Promise<unknown>
  /**
   * What a tab is told of a joined channel that comes later than the join, in place of what {@link TransportLink.join}
   * resolved with: where that changes with time, such as who is there. Plain data; must not throw.
   */
  infoOf?(channel: string): unknown
  /**
   * The channel is wanted no more. Must not throw; also called for a channel whose join failed, and while
   * no connection is open, which matters where the server may restore what was joined before.
   */
  leave(channel: string): void
  /**
   * Sends a message: by the time this returns it was handed to the connection. Resolves with the
   * server's acknowledgement; rejects with `UpstreamError('refused')` when the server refused it and
   * with any other kind when nobody can know whether it arrived. Throws when it could not be sent at all:
   * `PartylineError('invalid-payload')` where it never can be, anything else where it can be tried again.
   */
  publish(message: UpstreamMessage, signal: AbortSignal): Promise<unknown>
  /**
   * Sends several messages as one, which the server handles in order. Gives for each what {@link TransportLink.publish}
   * would: none waits for what becomes of another. Throws when none could be sent. Only where the server can.
   */
  publishBatch?(messages: readonly BatchedMessage[]): readonly Promise<unknown>[]
  /**
   * Tells the server the state of one of this browser's tabs in a joined channel, in place of its last one; resolves
   * when it has it. Where the server knows one state for each connection, that of the tab that told its last counts.
   * Rejects as {@link TransportLink.publish} does. After a lost connection the broker tells it again.
   */
  track?(channel: string, tab: string, state: unknown): Promise<void>
  /** The tab has no state any more, or is gone. Must not throw. */
  untrack?(channel: string, tab: string): void
  /** New credentials for the open connection and its channels, ahead of the old ones' expiry. Must not throw. */
  renew?(credentials: Credentials): void
  /** What another broker needs to carry on from here, where the server can. Plain data. */
  checkpoint?(): Checkpoint
  /** Whether a tab that says it wants the channel no more, rather than going, means it: it is left without a linger. */
  leavesAtOnce?(channel: string): boolean
  /** The stream of the server in which the channel's events have their positions. @default one for all */
  streamOf?(channel: string): string
  /**
   * Ends the connection, if any, without reporting `lost`. Idempotent; `open` may be called again. What the
   * server keeps of a lost connection, it should keep of this one too: another broker may carry on.
   */
  close(): void
}

export interface OpenRequest {
  readonly credentials: Credentials | undefined
  readonly signal: AbortSignal
  readonly resume?: Checkpoint | undefined
}

/** What a transport tells the broker. All calls are synchronous, in the order of the server's messages. */
export interface TransportSink {
  event(event: UpstreamEvent): void
  /**
   * What became of the events that a joined channel missed while the connection was gone. To be called
   * before the first event after the discontinuity. Where a transport says nothing by the time the
   * channel is joined again, or an event comes first, the broker tells the tabs `unknown`.
   */
  continuity(channel: string, continuity: Continuity): void
  /** The server ended this one channel; the connection goes on. `refused`: it will not take it back. */
  channelLost(channel: string, error: UpstreamError): void
  /** The open connection is gone. Once for each successful `open`, and not after `close`. */
  lost(error: UpstreamError): void
  /** Who is in a joined channel. */
  presence(channel: string, change: PresenceChange): void
  /** The connection is a lesser one than it could be, such as polling where sockets are blocked; and again when it is not. */
  degraded(isDegraded: boolean): void
  /**
   * The server sent what makes no sense. It is counted, and reported once for each kind; the transport goes on as if
   * it had not come.
   * @param kind one of few, such as `not-json`
   */
  malformed(kind: string, detail: string): void
  /**
   * Asks a tab, a visible one first, for what only the app can give: another than the connection's own credentials,
   * such as a signature for one channel. With an empty request new ones of the connection itself, where the server does
   * not take those that it has been given: they are what is opened with from then on. Rejects with an
   * {@link UpstreamError} `no-credentials` when no tab can.
   */
  authorise(request: AuthorisationRequest): Promise<Credentials>
}

/** For what exactly credentials are asked. Plain data. */
export interface AuthorisationRequest {
  readonly channel?: string
  readonly [field: string]: unknown
}

export interface UpstreamMessage {
  readonly channel: string
  readonly event: string
  readonly payload: unknown
  /** The idempotency key of a message that may be sent again. */
  readonly key?: string | undefined
  /** The session of the tab that published it, for {@link UpstreamEvent.except}. */
  readonly origin?: string | undefined
}

/** One message of several. */
export interface BatchedMessage extends UpstreamMessage {
  readonly signal: AbortSignal
}

export interface UpstreamEvent extends Omit<UpstreamMessage, 'key' | 'origin'> {
  /** A session that is not to get it, because it published it itself. */
  readonly except?: string | undefined
  /** The one session that is to get it, such as the answer to what that one sent. */
  readonly only?: string | undefined
  /** The server's position of this event, for resuming. */
  readonly position?: string | undefined
  /** Further arguments, where the server sent more than one. */
  readonly rest?: readonly unknown[] | undefined
}

/**
 * Why an attempt failed or a connection was lost; the first delay and the next step depend on it.
 * - `network`: unreachable, cut, timed out
 * - `server-restart`: the server said that it is going away; all its clients come back together
 * - `server-closed`: the server ended this one connection on purpose
 * - `credentials`: the server does not accept who we are; only new credentials help
 * - `no-credentials`: of the tabs that could give some, none did
 * - `rate-limited`: not before `retryAfterMs`
 * - `refused`: the server said no to this join or message; never to a connection
 */
export type CauseKind =
  | 'network'
  | 'no-credentials'
  | 'server-restart'
  | 'server-closed'
  | 'credentials'
  | 'rate-limited'
  | 'refused'

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly kind: CauseKind
  /** With `rate-limited`: not before this time has passed, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The server's own words, as plain data. */
  readonly details: unknown

  constructor(kind: CauseKind, message: string, extra: { retryAfterMs?: number; details?: unknown } = {}) {
    super(message)
    this.kind = kind
    this.retryAfterMs = extra.retryAfterMs
    this.details = plain(extra.details)
  }
}

/** What tabs can be sent; anything else is left out. */
export function plain(details: unknown): unknown {
  try {
    return structuredClone(details)
  } catch {
    return undefined
  }
}

/** Anything that a library throws → an {@link UpstreamError}; what it is not sure of counts as `network`. */
export function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  return new UpstreamError('network', error instanceof Error ? error.message : String(error))
}
