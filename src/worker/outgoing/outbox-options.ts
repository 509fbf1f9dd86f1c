import type { OutboxLimits } from '../../outbox/index.ts'
import { PartylineError } from '../../protocol/index.ts'

export interface OutboxOptions extends OutboxLimits {
  /** `strict` waits for the disk at every message, and costs up to half of the speed. @default 'relaxed' */
  readonly durability?: 'relaxed' | 'strict'
  /** Attempts after which a message goes to the dead letters; the end of a connection is none. @default 10 */
  readonly maxAttempts?: number
  /** How long the server may take to acknowledge a message before it is sent again. @default 10_000 */
  readonly ackTimeoutMs?: number
  /** Upper bound of the first delay before a lane tries again; it doubles with each failure. @default 1_000 */
  readonly retryBaseMs?: number
  /** Upper bound of every delay before a lane tries again. @default 60_000 */
  readonly retryMaxMs?: number
}

/** How messages are gathered into one. */
export interface BatchOptions {
  /** How long a message may wait for others. @default 50 */
  readonly maxDelayMs?: number
  /** @default 50 */
  readonly maxEvents?: number
}

export type ResolvedOutboxOptions = Required<OutboxOptions>

const OUTBOX_DEFAULTS: ResolvedOutboxOptions = {
  maxEntries: 10_000,
  maxBytes: 52_428_800,
  maxMessageBytes: 900_000,
  maxDeadLetters: 1_000,
  durability: 'relaxed',
  maxAttempts: 10,
  ackTimeoutMs: 10_000,
  retryBaseMs: 1_000,
  retryMaxMs: 60_000,
}

const BATCH_DEFAULTS: Required<BatchOptions> = { maxDelayMs: 50, maxEvents: 50 }

/** @throws PartylineError `bad-options` that names the option and what would be right */
export function resolveOutboxOptions(options: unknown): ResolvedOutboxOptions {
  return resolved('outbox', options, OUTBOX_DEFAULTS)
}

/** `undefined` where nothing is to be gathered. @throws PartylineError `bad-options` */
export function resolveBatchOptions(options: unknown): Required<BatchOptions> | undefined {
  return options === undefined ? undefined : resolved('batch', options, BATCH_DEFAULTS)
}

function resolved<T extends object>(at: string, options: unknown, defaults: T): T {
  if (options === undefined) return defaults
  if (typeof options !== 'object' || options === null) throw wrong(at, options, 'an object of options')
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (!Object.hasOwn(defaults, name))
      throw wrong(`${at}.${name}`, value, `one of ${Object.keys(defaults).join(', ')}`)
    if (name === 'durability' ? value === 'relaxed' || value === 'strict' : isPositive(value)) continue
    throw wrong(`${at}.${name}`, value, name === 'durability' ? 'relaxed or strict' : 'a number above 0')
  }
  return { ...defaults, ...Object.fromEntries(given) }
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 2 ** 31
}

function wrong(at: string, value: unknown, expected: string): PartylineError {
  return new PartylineError('bad-options', `startBroker's ${at} is ${String(value)}; expected ${expected}`)
}
