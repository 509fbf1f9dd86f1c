/** What a protocol over WebSockets needs, to be spoken by {@link ./websocket.ts}. Only `encode` and `decode` must be there. */
import type { ChannelAddress, ChannelParams, Continuity, Credentials, PresenceChange } from '../../protocol/index.ts'
import type { Capabilities, UpstreamError } from '../upstream/transport.ts'

/** What goes over the wire: a text frame or a binary one. Over an event stream only text goes. */
export type Frame = string | ArrayBuffer | Uint8Array<ArrayBuffer>

/**
 * A protocol. What it leaves out is not offered to tabs; with `ping`, `renew` and `track` it offers these three.
 * Its functions keep nothing between calls. Ids are whole numbers that rise from 1 on in each connection.
 */
export interface Codec {
  /** What {@link WebSocketOptions.protocols} is where it is left out. */
  readonly subprotocols?: readonly string[]
  readonly offers?: CodecOffers
  /** The server confirms joins, by their id or by the channel. @default true */
  readonly confirmsJoins?: boolean
  /** Each tab of a browser can have a state of its own in a channel; without it the last one counts. @default false */
  readonly tracksTabs?: boolean

  encode(message: OutgoingMessage): Frame
  /** What it throws counts as a malformed frame; so does what is not an {@link Incoming}. */
  decode(data: string | ArrayBuffer): Incoming | readonly Incoming[]

  /**
   * The first frame. The line is open when the server answers it with `welcome`, or an `ack` with its id. Where there
   * is none, a `pong` to the first `ping` is waited for; and where there is no `ping` either, nothing.
   */
  hello?(hello: { readonly id: number; readonly credentials: Credentials | undefined }): Frame | undefined
  /** New credentials for the open connection. */
  renew?(renewal: { readonly id: number; readonly credentials: Credentials }): Frame
  /** Answered by `joined` or `ack`, or else by `refused`. Without it channels need no joining. */
  join?(join: OutgoingJoin): Frame
  leave?(leave: OutgoingChannel): Frame
  /** Where messages are acknowledged this is, too. */
  track?(track: OutgoingState): Frame
  untrack?(tab: Omit<OutgoingState, 'state'>): Frame
  ping?(): Frame
  /** The answer to a `ping` of the server's. */
  pong?(): Frame
  /** After an event stream has broken the next one goes on with its session, and says so with `stream`. @default false */
  readonly resumesStreams?: boolean
  /** Several frames as the body of one request, where there is no socket. @default a request for each */
  gather?(frames: readonly string[]): string
  /** The last frame, where there is no socket whose end tells the server. */
  bye?(): string
  /** What a close code means; `undefined`: what {@link ./websocket-causes.ts} says. */
  closed?(code: number, reason: string): UpstreamError | undefined
}

/** With `acknowledgement`, every message is answered by `ack` or `refused` with its id. */
export type CodecOffers = Partial<
  Pick<Capabilities, 'acknowledgement' | 'history' | 'recovery' | 'filters' | 'binary'> & {
    readonly presence: 'members'
  }
>

export interface OutgoingChannel {
  readonly id: number
  readonly channel: string
  /** Only where `filters` or `history` are offered. */
  readonly params?: ChannelParams | undefined
}

export interface OutgoingJoin extends OutgoingChannel {
  /** With `recovery`: the position of the last event that came, also when that was over another connection. */
  readonly after?: string | undefined
}

export interface OutgoingMessage extends OutgoingChannel {
  readonly event: string
  readonly payload: unknown
  /** The idempotency key of a message that may come again. */
  readonly key?: string | undefined
  /** The session that it comes from, for `except` of the event that it becomes. */
  readonly origin?: string | undefined
  /** It goes over an event stream: bytes are to be written as text. */
  readonly textOnly: boolean
}

export interface OutgoingState extends OutgoingChannel {
  readonly tab: string
  readonly state: unknown
}

/** One joined with parameters is told with them. */
type Named = { readonly channel: string | ChannelAddress }

/** What the server says. Frames that say nothing of it are `[]`. */
export type Incoming =
  /** The line is open. */
  | { readonly type: 'welcome' }
  | Event
  /** To whatever had the id. */
  | ({ readonly type: 'ack'; readonly id: number; readonly reply?: unknown } & Resumption)
  | { readonly type: 'refused'; readonly id: number; readonly error: UpstreamError }
  /** To the join of a channel, where joins have no ids. */
  | ({ readonly type: 'joined' } & Named & Resumption)
  | ({ readonly type: 'refused'; readonly error: UpstreamError } & Named)
  /** What became of the events missed, where it does not come with the answer to a join. */
  | ({ readonly type: 'continuity'; readonly continuity: Continuity } & Named)
  | ({ readonly type: 'presence'; readonly change: PresenceChange } & Named)
  /** The server took us out of a channel; `refused`: for good. */
  | ({ readonly type: 'left'; readonly error: UpstreamError } & Named)
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  /** The end of the connection, and its cause. */
  | { readonly type: 'error'; readonly error: UpstreamError }
  /** The same as a close code, where there is no socket to close. */
  | { readonly type: 'closing'; readonly code: number; readonly reason: string }
  /** An event stream is there, and whether it goes on with the session that an earlier one had. */
  | { readonly type: 'stream'; readonly resumed: boolean }
  /** It makes no sense. `kind` is one of few, such as `no-type`. */
  | { readonly type: 'malformed'; readonly kind: string; readonly detail: string }

type Event = {
  readonly type: 'event'
  readonly event: string
  readonly payload: unknown
  /** The server's position of the event in its channel. */
  readonly position?: string | undefined
  /** See {@link OutgoingMessage.origin}. */
  readonly except?: string | undefined
} & Named

/** Of a channel that was joined with `after`; the events that were missed come before it or after. */
interface Resumption {
  /** Of the channel's last event. */
  readonly position?: string | undefined
  readonly continuity?: Continuity | undefined
}

export function capabilitiesOf(codec: Codec): Partial<Capabilities> {
  return {
    ...codec.offers,
    presence: codec.track === undefined ? (codec.offers?.presence ?? false) : 'own',
    ping: codec.ping !== undefined,
    renewal: codec.renew !== undefined,
  }
}
