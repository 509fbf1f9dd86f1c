import { MAX_TIMER_MS } from '../lib/index.ts'
import { PartylineError, type SessionLimits } from '../protocol/index.ts'
import {
  resolveBatchOptions,
  resolveOutboxOptions,
  type BatchOptions,
  type OutboxOptions,
  type ResolvedOutboxOptions,
} from './outgoing/outbox-options.ts'
import type { Transport } from './upstream/transport.ts'

export interface BrokerOptions {
  /** The way upstream, such as `socketIo({ url })`. */
  readonly transport: Transport
  /**
   * Rises with every deploy, such as its time: of the brokers that two deploys have started, that of the higher one
   * stays. Where they are equal the one that started later does. @default 0
   */
  readonly build?: number
  /** How long a channel stays joined after the last tab that wanted it. @default 2_000 */
  readonly lingerMs?: number
  /** How long the connection stays after nothing needs it any more. @default 5_000 */
  readonly idleMs?: number
  /** How long an attempt to connect may take, credentials included. @default 20_000 */
  readonly connectTimeoutMs?: number
  /** How long the server may take to confirm a join. @default 10_000 */
  readonly joinTimeoutMs?: number
  /** How long one tab may take to give credentials before the next is asked. @default 5_000 */
  readonly credentialsTimeoutMs?: number
  /** Upper bound of the first delay between attempts; it doubles with each failure. @default 1_000 */
  readonly backoffBaseMs?: number
  /** Upper bound of every delay between attempts. @default 30_000 */
  readonly backoffMaxMs?: number
  /** Over how long browsers spread when a server says that it restarts. @default 40_000 */
  readonly restartSpreadMs?: number
  /** A connection that lived shorter than this counts as a failure. @default 5_000 */
  readonly stableMs?: number
  /** Consecutive failures after which the circuit opens (`blocked`). @default 10 */
  readonly circuitFailures?: number
  /** How long an open circuit waits before it lets one attempt through. @default 60_000 */
  readonly circuitCooldownMs?: number
  /** How often the broker looks for tabs that died. @default 1_000 */
  readonly livenessPollMs?: number
  /** A tab without Web Locks is taken for dead after this silence. @default 180_000 */
  readonly leaseMs?: number
  /**
   * How long a page in the back/forward cache is waited for, which holds no lock there. @default 600_000
   */
  readonly suspendedMs?: number
  /** How long channels of a broker that was replaced stay joined, for its tabs to come over. @default 10_000 */
  readonly handoverMs?: number
  /** Events that are kept for tabs that come from another attachment. @default 2_048 */
  readonly maxHistoryEvents?: number
  /** Their bytes, estimated. @default 2_097_152 */
  readonly maxHistoryBytes?: number
  /** Most events and notices in one frame. @default 512 */
  readonly maxFrameItems?: number
  /** Most bytes in one frame, estimated; a larger event travels alone. @default 49_152 */
  readonly maxFrameBytes?: number
  /** Most events and notices that wait for one slow tab; beyond it the oldest go and the tab hears `gap`. @default 16_384 */
  readonly maxQueuedItems?: number
  /** Most bytes that wait for one slow tab, estimated. @default 12_582_912 */
  readonly maxQueuedBytes?: number
  /** Most messages that one tab may have under way. @default 1_000 */
  readonly maxPending?: number
  /** Most channels on this line. @default 1_000 */
  readonly maxChannels?: number
  /** Malformed messages after which a port is closed. @default 32 */
  readonly maxRejectedMessages?: number
  /** How messages are stored, and sent from there. */
  readonly outbox?: OutboxOptions
  /** Gathers messages and sends them as one, where transport and server can. @default each by itself, at once */
  readonly batch?: BatchOptions
}

export interface ResolvedOptions extends Required<Omit<BrokerOptions, 'outbox' | 'batch'>> {
  readonly outbox: ResolvedOutboxOptions
  readonly batch: Required<BatchOptions> | undefined
}

const DEFAULTS: Omit<ResolvedOptions, 'transport' | 'outbox' | 'batch'> = {
  build: 0,
  lingerMs: 2_000,
  idleMs: 5_000,
  connectTimeoutMs: 20_000,
  joinTimeoutMs: 10_000,
  credentialsTimeoutMs: 5_000,
  backoffBaseMs: 1_000,
  backoffMaxMs: 30_000,
  restartSpreadMs: 40_000,
  stableMs: 5_000,
  circuitFailures: 10,
  circuitCooldownMs: 60_000,
  livenessPollMs: 1_000,
  leaseMs: 180_000,
  suspendedMs: 600_000,
  handoverMs: 10_000,
  maxHistoryEvents: 2_048,
  maxHistoryBytes: 2_097_152,
  maxFrameItems: 512,
  maxFrameBytes: 49_152,
  maxQueuedItems: 16_384,
  maxQueuedBytes: 12_582_912,
  maxPending: 1_000,
  maxChannels: 1_000,
  maxRejectedMessages: 32,
}

/** Options that may be zero; all others must be above. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['build', 'lingerMs', 'idleMs', 'restartSpreadMs', 'stableMs'])

/** @throws PartylineError `bad-options` that names the option and what would be right */
export function resolveOptions(options: BrokerOptions): ResolvedOptions {
  // Callers without types may leave them out.
  const { transport, outbox, batch, ...numbers } = (options as BrokerOptions | undefined) ?? ({} as BrokerOptions)
  if (typeof (transport as Partial<Transport> | undefined)?.create !== 'function')
    throw new PartylineError('bad-options', 'startBroker needs a transport, such as { transport: socketIo({ url }) }')
  for (const [name, value] of Object.entries(numbers)) {
    if (!Object.hasOwn(DEFAULTS, name))
      throw new PartylineError('bad-options', `startBroker knows no option ${JSON.stringify(name)}`)
    const isRight =
      value === undefined ||
      (typeof value === 'number' &&
        Number.isFinite(value) &&
        (value > 0 || (value === 0 && MAY_BE_ZERO.has(name))) &&
        (value <= MAX_TIMER_MS || !name.endsWith('Ms')))
    if (!isRight)
      throw new PartylineError(
        'bad-options',
        `startBroker's ${name} is ${String(value)}; expected a number above 0${name.endsWith('Ms') ? ` and at most ${MAX_TIMER_MS}` : ''}`,
      )
  }
  const given = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined))
  return {
    ...DEFAULTS,
    ...given,
    transport,
    outbox: resolveOutboxOptions(outbox),
    batch: resolveBatchOptions(batch),
  }
}

/** The part of the options that every tab is told of. */
export function sessionLimits(options: ResolvedOptions): SessionLimits {
  const { maxFrameItems, maxFrameBytes, maxQueuedItems, maxQueuedBytes, maxPending, maxChannels, leaseMs } = options
  return { maxFrameItems, maxFrameBytes, maxQueuedItems, maxQueuedBytes, maxPending, maxChannels, leaseMs }
}
