/** The public face of the client: what an app's tab sees. */
import type {
  ChannelParams,
  Continuity,
  Credentials,
  Member,
  OutboxCounts,
  OutboxEntry,
  PartylineError,
  Stats,
  StatusName,
  StatusReason,
} from '../protocol/index.ts'

/** With no event map given: any channel, any event, payloads as `unknown`. */
export interface AnyEvents {
  readonly [channel: string]: { readonly [event: string]: unknown }
}

/**
 * In an event map: an event that the server answers when it is sent by {@link Channel.request}.
 *
 * @example
 * interface AppEvents {
 *   orders: { created: Order; place: WithReply<NewOrder, { id: number }> }
 *   [room: `room:${string}`]: { message: Message }
 * }
 */
export interface WithReply<Payload, Reply> {
  readonly '~payload': Payload
  readonly '~reply': Reply
}

export type PayloadOf<Event> = Event extends WithReply<infer Payload, unknown> ? Payload : Event
export type ReplyOf<Event> = Event extends WithReply<unknown, infer Reply> ? Reply : unknown

/** The payload may be left out where it may be `undefined`. */
export type PayloadArgs<Event, Options> =
  undefined extends PayloadOf<Event>
    ? [payload?: PayloadOf<Event>, options?: Options]
    : [payload: PayloadOf<Event>, options?: Options]

export interface ConnectOptions {
  /**
   * Opens the app's worker. The URL must stand inside the call, and the spread before `type`, or
   * bundlers do not see the worker:
   * `options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' })`
   */
  readonly worker: (options: WorkerOptions) => SharedWorker
  /** Whose line it is, normally the signed-in user's id. Nothing crosses scopes. 1 to 200 characters. */
  readonly scope: string
  /**
   * Called when the broker needs credentials; of all tabs one is asked, a visible one first. They are kept in memory
   * alone, and asked for anew ahead of their `expiresAt`.
   */
  readonly credentials?: (request: CredentialsRequest) => Promise<Credentials> | Credentials
  /** How long the worker may take to load, and the broker to answer a call. @default 10_000 */
  readonly timeoutMs?: number
}

/** Whatever a transport wants to know besides; with `channel` it is that channel alone that is to be authorised. */
export interface CredentialsRequest {
  readonly signal: AbortSignal
  readonly channel?: string
  readonly [field: string]: unknown
}

/** To be handed over to the browser as they are. */
export interface WorkerOptions {
  readonly name: string
  /** Where the browser has it, the worker outlives a reload of the only tab. */
  readonly extendedLifetime: true
}

export interface ListenOptions {
  /** Ends the listening when it aborts. */
  readonly signal?: AbortSignal
}

export interface SubscribeOptions extends ListenOptions {
  /**
   * `one`: each event comes to exactly one of the tabs that ask for it so, for sounds, notifications and printing:
   * of the visible ones the one that had the focus last. If that tab goes before it has handled the event, another
   * gets it. Tabs that do not share a worker do not know of each other: on host `local` every tab gets it, and of tabs
   * on different hosts one on each. @default 'all'
   */
  readonly deliver?: 'all' | 'one'
  /**
   * So many of the channel's last events come first, where another tab of this browser has had them. Only those that hang
   * together with what follows: none from before the last time in which events may have been missed, because the channel
   * was left, or its verdict was `gap` or `unknown`. While the line is interrupted they come with the verdict. With
   * `deliver: 'one'` there are none. @default 0
   */
  readonly replay?: number
}

export interface SendOptions {
  /** Gives up waiting; a message that was sent already stays sent. */
  readonly signal?: AbortSignal
  /** How long the message may wait for an open line, and then for its acknowledgement, each. @default 10_000 */
  readonly timeoutMs?: number
}

export interface PublishOptions extends SendOptions {
  /**
   * `true`: the message is stored first, and sent until the server has acknowledged it, also after a reload. `false`: it
   * is sent at once, or not at all. @default true
   */
  readonly durable?: boolean
  /**
   * The idempotency key of a stored message: a message with the same key is stored once as long as it waits, and a server
   * can tell by it that it had the message before. It takes the place of a dead letter of the same key. @default a new one
   */
  readonly key?: string
  /** Stored messages of one lane are sent in order, and wait for each other. @default the channel */
  readonly lane?: string
  /** How long a stored message is worth sending, in milliseconds; then it is `expired`. @default without end */
  readonly ttlMs?: number
  /** The newest message of a lane with the same value takes the place of one that still waits. */
  readonly coalesce?: string
}

export interface EventMeta {
  readonly channel: string
  readonly event: string
  /** The server's position of this event, where the transport has positions. */
  readonly position?: string | undefined
  /** Further arguments, where the server sent more than one (Socket.IO). */
  readonly rest?: readonly unknown[] | undefined
}

export type Settled =
  /** The reply is not there where another broker than this tab's has heard it, or a service worker. */
  | { readonly outcome: 'acknowledged'; readonly reply: unknown }
  /** The server refused it. It is among the dead letters, if it was stored. */
  | { readonly outcome: 'rejected'; readonly error: PartylineError }
  /** Its `ttlMs` was over before it was acknowledged. It is among the dead letters. */
  | { readonly outcome: 'expired'; readonly error: PartylineError }
  /** Somebody has dropped it from the outbox, or a newer one of the same `coalesce` has taken its place (`replaced`). */
  | { readonly outcome: 'dropped'; readonly error: PartylineError }
  /**
   * Nobody knows whether it arrived: it was sent, and no acknowledgement came; for a stored one, after all attempts. With
   * `line-closed` and `forgotten`: this tab will not hear what becomes of it.
   */
  | { readonly outcome: 'unconfirmed'; readonly error: PartylineError }

export interface Receipt {
  readonly id: number
  /** Of a stored message: its idempotency key, under which {@link LineOutbox.list} has it. */
  readonly key: string | undefined
  /** Resolves when it is known what became of the message; never rejects. */
  readonly settled: Promise<Settled>
}

export interface ListOptions {
  /** `dead`: those that the server refused, that have expired, or whose attempts were all in vain. @default 'waiting' */
  readonly state?: 'waiting' | 'dead'
  /** At most 1000. @default 100 */
  readonly count?: number
  /** Entries behind the one with this `seq`. @default from the start */
  readonly after?: number
}

/**
 * What this scope has stored and not sent, and its dead letters, in all tabs and from before.
 * @throws PartylineError `storage-unavailable`, `call-timeout`, `stale-epoch` (no broker just now), `line-closed`
 */
export interface LineOutbox {
  /** How much waits, and how many dead letters there are. */
  counts(): Promise<OutboxCounts>
  /** The oldest first. */
  list(options?: ListOptions): Promise<readonly OutboxEntry[]>
  /** Sends dead letters again, at the end of their lanes. Resolves with the keys of those that were found. */
  retry(...keys: string[]): Promise<readonly string[]>
  /** Takes entries out for good, waiting or dead; not those that are being sent. Resolves with the keys of those that are out. */
  drop(...keys: string[]): Promise<readonly string[]>
  /** Hears the counts now and after every change, at most ten times a second. */
  onChange(listener: (counts: OutboxCounts) => void, options?: ListenOptions): () => void
}

/**
 * How the channel stands at the server: `idle` (this tab does not listen), `joining`, `joined`, or
 * `refused` (see {@link ChannelStateChange.error}; tried again at the next connection).
 */
export type ChannelState = 'idle' | 'joining' | 'joined' | 'refused'

export interface ChannelStateChange {
  readonly state: ChannelState
  readonly error?: PartylineError | undefined
  /** With `joined`: what the transport tells of the join, such as the server's answer. */
  readonly info?: unknown
}

export interface Channel<Events = AnyEvents[string]> {
  readonly name: string
  readonly params: ChannelParams | undefined
  readonly state: ChannelState
  /** What the transport told of the join, while the state is `joined`. */
  readonly info: unknown
  /**
   * Listens to one event. The channel is joined upstream with the first listener of all tabs and left
   * a moment after the last one went. Returns the removal, which may be called twice.
   */
  on<Event extends keyof Events & string>(
    event: Event,
    handler: (payload: PayloadOf<Events[Event]>, meta: EventMeta) => void,
    options?: SubscribeOptions,
  ): () => void
  /** Listens to every event of the channel. */
  onAny(handler: (payload: unknown, meta: EventMeta) => void, options?: SubscribeOptions): () => void
  /**
   * Resolves with the next such event's payload. Rejects with the signal's reason when it aborts and
   * with `line-closed` when the line is closed first.
   */
  once<Event extends keyof Events & string>(event: Event, options?: ListenOptions): Promise<PayloadOf<Events[Event]>>
  /**
   * Sends an event to the server, now or when there is a line again. Resolves when it is stored in this browser, with
   * `durable: false` when it was sent; `receipt.settled` then tells what became of it. Where nothing can be stored it
   * resolves when the server has acknowledged it.
   * @throws PartylineError `invalid-payload` (cannot be cloned or sent), `outbox-full`, `storage-full`,
   *   `message-too-large`, `not-stored`,
   *   `not-sent` (no broker within `timeoutMs`; not stored: no open line), `unconfirmed` (the broker went before it
   *   told), `too-many-pending`, `line-closed`
   */
  publish<Event extends keyof Events & string>(
    event: Event,
    ...args: PayloadArgs<Events[Event], PublishOptions>
  ): Promise<Receipt>
  /**
   * Sends an event now, without storing it, and resolves with the server's answer.
   * @throws PartylineError those of {@link publish}, and `rejected`, `unconfirmed`
   */
  request<Event extends keyof Events & string>(
    event: Event,
    ...args: PayloadArgs<Events[Event], SendOptions>
  ): Promise<ReplyOf<Events[Event]>>
  /**
   * Hears, after every discontinuity and before the first event after it: `recovered` (nothing is missing),
   * `gap` (events are missing, how many where that is known) or `unknown`. On `gap` and `unknown`: fetch anew.
   */
  onContinuity(listener: (continuity: Continuity) => void, options?: ListenOptions): () => void
  /** Who is in the channel, as far as {@link onPresence} has told. */
  readonly members: readonly Member[]
  /** Hears who is in the channel, now and whenever that changes. Listening is reason enough to join it. */
  onPresence(listener: (members: readonly Member[]) => void, options?: ListenOptions): () => void
  /**
   * Tells the others in the channel of this tab, until it is gone or tells `undefined`; told again after every
   * interruption. Reason enough to join the channel. Where the transport cannot, `not-offered` goes to `reportError`.
   */
  track(state: unknown): void
  onState(listener: (change: ChannelStateChange) => void, options?: ListenOptions): () => void
}

export interface StatusChange {
  readonly status: StatusName
  readonly previous: StatusName
  readonly reason?: StatusReason
  /** What the last attempt failed of, or the connection was lost by; for people. */
  readonly message?: string
  readonly degraded?: boolean
  /** With `offline` and `blocked`, where it is known: after how long the next attempt is made. */
  readonly retryInMs?: number
}

export interface LineEvents {
  /** The line's status changed. */
  status: StatusChange
}

/**
 * Where the broker runs: in a SharedWorker; in a dedicated worker of one tab, which all others reach through it; in
 * the page itself, with a connection of its own.
 */
export type HostName = 'shared' | 'elected' | 'local'

export interface Line<Events = AnyEvents> {
  readonly scope: string
  /** May change: what the browser has is found out by trying. */
  readonly host: HostName
  /** `idle` until a channel is listened to or something is published: the connection is made when it is needed. */
  readonly status: StatusName
  /** Why the status is what it is, where there is something to say. */
  readonly reason: StatusReason | undefined
  /** Messages that were stored and are not yet acknowledged. */
  readonly outbox: LineOutbox
  /** The line is open by a lesser way than it could be, such as polling where sockets are blocked. */
  readonly degraded: boolean
  /**
   * Calls with the same name and parameters give the same channel.
   * @param params what the transport is to join it with, such as filters; plain data
   * @throws PartylineError `bad-options`
   */
  channel<Name extends keyof Events & string>(name: Name, params?: ChannelParams): Channel<Events[Name]>
  on<Type extends keyof LineEvents>(
    type: Type,
    listener: (event: LineEvents[Type]) => void,
    options?: ListenOptions,
  ): () => void
  /** Figures of the broker. @throws PartylineError `call-timeout`, `stale-epoch` (no broker yet), `line-closed` */
  stats(options?: ListenOptions): Promise<Stats>
  /** Connects now, whatever the backoff or the circuit breaker would wait for. */
  reconnect(): void
  /**
   * Ends the line of this scope in all tabs and wipes what is kept of it, as when the user signs out: the others hear
   * `closed` with the reason `forgotten`. On host `local` it is this page's line alone. Resolves when it is done.
   * @throws PartylineError `call-timeout`, `stale-epoch` (no broker just now): call it again; `line-closed`
   */
  forget(): Promise<void>
  /** Leaves the line. Idempotent. Pending calls reject with `line-closed`. */
  close(): void
}
