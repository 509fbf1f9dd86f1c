import { PartylineError } from '../protocol/index.ts'
import type { Entry, NewEntry } from './entry.ts'

/** What an outbox holds. */
export interface Usage {
  readonly waiting: number
  /** Dead letters. */
  readonly dead: number
  /** Of both, estimated. */
  readonly bytes: number
}

export interface OutboxLimits {
  /** Most entries that wait. @default 10_000 */
  readonly maxEntries?: number
  /** Most bytes of all entries, dead letters included; estimated. @default 52_428_800 */
  readonly maxBytes?: number
  /** Most bytes of one entry, estimated. @default 900_000 */
  readonly maxMessageBytes?: number
  /** Most dead letters; beyond it the oldest go. @default 1_000 */
  readonly maxDeadLetters?: number
}

export const DEFAULT_LIMITS: Required<OutboxLimits> = {
  maxEntries: 10_000,
  maxBytes: 52_428_800,
  maxMessageBytes: 900_000,
  maxDeadLetters: 1_000,
}

const LIMITS = Object.keys(DEFAULT_LIMITS) as readonly (keyof OutboxLimits)[]

/** `undefined` where none is given. */
export function limitsIn(options: OutboxLimits): Required<OutboxLimits> | undefined {
  const given = LIMITS.filter(name => options[name] !== undefined).map(name => [name, options[name]])
  return given.length === 0 ? undefined : { ...DEFAULT_LIMITS, ...Object.fromEntries(given) }
}

/** `undefined` where there are none, or something else in their place. */
export function parseLimits(value: unknown): Required<OutboxLimits> | undefined {
  const limits = Object(value) as Required<OutboxLimits>
  return LIMITS.every(name => Number.isFinite(limits[name]) && limits[name] >= 0) ? limits : undefined
}

export function areSame(a: Required<OutboxLimits>, b: Required<OutboxLimits> | undefined): boolean {
  return LIMITS.every(name => a[name] === b?.[name])
}

export const EMPTY: Usage = { waiting: 0, dead: 0, bytes: 0 }

/** `undefined` where there is none, or something else in its place: the entries must be counted then. */
export function parseUsage(value: unknown): Usage | undefined {
  const { waiting, dead, bytes } = Object(value) as { readonly [field in keyof Usage]?: unknown }
  return [waiting, dead, bytes].every(Number.isFinite) ? (value as Usage) : undefined
}

export function plus(usage: Usage, { state, bytes }: Pick<Entry, 'state' | 'bytes'>): Usage {
  return { ...usage, [state]: usage[state] + 1, bytes: usage.bytes + bytes }
}

export function sum(a: Usage, b: Usage): Usage {
  return { waiting: a.waiting + b.waiting, dead: a.dead + b.dead, bytes: a.bytes + b.bytes }
}

export function minus(usage: Usage, { state, bytes }: Pick<Entry, 'state' | 'bytes'>): Usage {
  return { ...usage, [state]: Math.max(0, usage[state] - 1), bytes: Math.max(0, usage.bytes - bytes) }
}

/** @throws PartylineError `message-too-large`, `outbox-full` */
export function refuseExcess(usage: Usage, { bytes }: NewEntry, limits: Required<OutboxLimits>): void {
  const { maxEntries, maxBytes, maxMessageBytes } = limits
  if (bytes > maxMessageBytes)
    throw new PartylineError(
      'message-too-large',
      `the message has about ${bytes} bytes, of ${maxMessageBytes} (maxMessageBytes)`,
    )
  if (usage.waiting >= maxEntries) throw full(`${usage.waiting} messages wait already (maxEntries)`)
  if (usage.bytes + bytes > maxBytes)
    throw full(`there is no room for ${bytes} bytes: ${usage.bytes} of ${maxBytes} are taken (maxBytes)`)
}

function full(why: string): PartylineError {
  return new PartylineError('outbox-full', why, { retryable: true })
}

export function fits(usage: Usage, { bytes }: NewEntry, limits: Required<OutboxLimits>): boolean {
  const { maxEntries, maxBytes, maxMessageBytes } = limits
  return usage.waiting < maxEntries && usage.bytes + bytes <= maxBytes && bytes <= maxMessageBytes
}
