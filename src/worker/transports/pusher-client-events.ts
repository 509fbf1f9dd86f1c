/** What a client may send itself. */
import { PartylineError } from '../../protocol/index.ts'
import { UpstreamError } from '../upstream/transport.ts'
import { channelKind } from './pusher-channel-kind.ts'

const PREFIX = 'client-'

/**
 * Under its own name, for servers' events and clients' are told apart by it: whoever hears `client-…` knows that any member
 * may have sent it.
 * @throws PartylineError `not-offered`
 */
export function checkClientEvent(channel: string, event: string): void {
  if (!takesClientEvents(channel))
    throw notOffered(`Pusher takes no events of clients on ${channel}, only on private and presence channels`)
  if (!event.startsWith(PREFIX))
    throw notOffered(`Pusher takes events of clients only under names such as ${PREFIX}${event}`)
}

/** Whether the server would pass it on. */
export function isClientEvent(channel: string, event: string): boolean {
  return takesClientEvents(channel) && event.startsWith(PREFIX)
}

function takesClientEvents(channel: string): boolean {
  const kind = channelKind(channel)
  return kind?.isPrivate === true && !kind.isEncrypted
}

/**
 * @param channel `undefined` for what goes to the server itself
 * @throws PartylineError `invalid-payload` for what JSON cannot carry
 */
export function encode(channel: string | undefined, event: string, data: unknown): string {
  try {
    return JSON.stringify({ event, channel, data })
  } catch (cause) {
    throw new PartylineError('invalid-payload', `${event} holds what JSON cannot carry`, { cause })
  }
}

const WINDOW_MS = 1_000

/** So many messages in any second, and no more. */
export class RateWindow {
  readonly #perSecond: number
  #sentAt: readonly number[] = []

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** @throws UpstreamError `rate-limited`, and when the next one may go */
  take(nowMs: number): void {
    if (this.tryTake(nowMs)) return
    const [oldest = nowMs] = this.#sentAt
    throw new UpstreamError('rate-limited', `this browser has sent ${this.#perSecond} client events within a second`, {
      retryAfterMs: Math.ceil(oldest + WINDOW_MS - nowMs),
    })
  }

  /** False when it is one too many. */
  tryTake(nowMs: number): boolean {
    this.#sentAt = this.#sentAt.filter(at => nowMs - at < WINDOW_MS)
    const fits = this.#sentAt.length < this.#perSecond
    if (fits) this.#sentAt = [...this.#sentAt, nowMs]
    return fits
  }
}

function notOffered(message: string): PartylineError {
  return new PartylineError('not-offered', message)
}
