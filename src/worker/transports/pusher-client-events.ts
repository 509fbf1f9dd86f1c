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
  const kind = channelKind(channel)
  if (kind?.isPrivate !== true || kind.isEncrypted)
    throw notOffered(`Pusher takes no events of clients on ${channel}, only on private and presence channels`)
  if (!event.startsWith(PREFIX))
    throw notOffered(`Pusher takes events of clients only under names such as ${PREFIX}${event}`)
}

/** @throws PartylineError `invalid-payload` for what JSON cannot carry */
export function encode(channel: string, event: string, data: unknown): string {
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
    this.#sentAt = this.#sentAt.filter(at => nowMs - at < WINDOW_MS)
    const [oldest] = this.#sentAt
    if (oldest !== undefined && this.#sentAt.length >= this.#perSecond)
      throw new UpstreamError(
        'rate-limited',
        `this browser has sent ${this.#perSecond} client events within a second`,
        {
          retryAfterMs: Math.ceil(oldest + WINDOW_MS - nowMs),
        },
      )
    this.#sentAt = [...this.#sentAt, nowMs]
  }
}

function notOffered(message: string): PartylineError {
  return new PartylineError('not-offered', message)
}
