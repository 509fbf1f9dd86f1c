import type { Credentials } from '../../../src/protocol/index.ts'
import type { AuthorisationRequest, Transport } from '../../../src/worker/upstream/transport.ts'

/**
 * A transport and a real server for it, as the conformance suite drives them. What a server cannot be made to do is left
 * out, and the suite says "not offered" of the cases that need it, as it does where the transport declares no such
 * capability.
 */
export interface Subject {
  readonly name: string
  start(): Promise<SubjectServer>
}

export interface SubjectServer {
  /** A transport that connects to this server. */
  transport(): Transport
  /** Credentials that the server accepts, each call others; `undefined` where it wants none. */
  credentials(): Credentials | undefined
  /** Connections now. */
  connections(): number
  /** A channel that may be joined, and one that may not, where the server can refuse. */
  readonly channels: {
    readonly open: string
    /** A second one that may be joined. @default the first with `-2` behind it */
    readonly other?: string
    readonly forbidden?: string
    readonly presence?: string
    /** One of which the server sends the last event to whoever joins it. */
    readonly history?: string
  }
  /** Sends an event to all who are in the channel. Resolves when it was handed to the connections. */
  emit(channel: string, event: string, payload: unknown): Promise<void>
  /** What arrived from clients, in order. */
  received(): readonly { readonly channel: string; readonly event: string; readonly payload: unknown }[]
  /** An event that the server takes, one that it refuses when it is published, and one that it never acknowledges. */
  readonly events?: {
    /** @default 'said' */
    readonly plain?: string
    readonly refused?: string
    readonly silent?: string
  }
  /** The largest payload that may be sent either way, as JSON. @default 1_000_000 */
  readonly maxPayloadBytes?: number
  /** Breaks every connection without a word. */
  cut(): Promise<void>
  /** From now on nothing goes through, in either direction, and nobody is told; until `heal`. */
  silence?(): Promise<void>
  heal?(): Promise<void>
  /** Ends every connection as a server does that restarts; as one that has had enough of this client. */
  restart?(): Promise<void>
  dismiss?(): Promise<void>
  /** Refuses whoever connects: with these credentials, or for now. */
  refuseCredentials?(isRefused: boolean): void
  limitRate?(retryAfterMs: number | undefined): void
  /**
   * When to come back, as the server tells those whom it refuses for now: always this, or never.
   * @default what `limitRate` was called with
   */
  readonly toldRetryAfterMs?: number | 'never'
  /** Somebody else comes into the presence channel, and goes. */
  enter?(state: unknown): Promise<{ readonly id: string; leave(): Promise<void> }>
  /** Sends these bytes or this text on every connection, as they are. */
  inject?(raw: string | Uint8Array): void
  /** Frames that look like the server's own and are not as they should be; the fuzzer makes more of them. */
  readonly hostile?: readonly HostileFrame[]
  /** A frame on which the library itself throws, out of anybody's reach. @default none */
  isBeyondUs?(raw: string | Uint8Array): boolean
  /** What an app would give for a channel, where the transport asks a tab for it. */
  authorise?(request: AuthorisationRequest): Credentials | Promise<Credentials>
  /** A channel whose parameters hold a filter, and an event in it that passes or does not. */
  readonly filtered?: { readonly channel: string; emit(passes: boolean): Promise<void> }
  /** From now on the way that the transport takes first is barred, and only a lesser one is open. */
  barBestWay?(isBarred: boolean): void
  /** Credentials that reached open connections after they were opened. */
  renewals?(): readonly unknown[]
  close(): Promise<void>
}

export interface HostileFrame {
  readonly raw: string | Uint8Array
  /**
   * - `malformed`: the transport sees that it makes no sense, and tells
   * - `unrouted`: an event for a channel that was never joined, or by a name that nobody knows
   * - `ignored`: the library or the transport drops it without a word
   * - `lost`: the library gives the connection up, and the line comes back
   */
  readonly outcome: 'malformed' | 'unrouted' | 'ignored' | 'lost'
}
