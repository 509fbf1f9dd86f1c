import { toUpstreamError } from '../upstream/transport.ts'
import type { Conversation } from './websocket-conversation.ts'
import { Holding } from './websocket-holding.ts'
import type { ToldChannel } from './websocket-reading.ts'

export interface HandoverDeps {
  readonly next: Conversation
  readonly signal: AbortSignal
  /** Channels that are joined over the connection that there is. */
  joined(): Iterable<string>
  positionOf(channel: string): string | undefined
  /** It is joined over the next one: what tabs say of themselves there is to be told again. */
  moved(channel: string): void
  deliver(message: ToldChannel): void
}

/**
 * Moves channels from one connection to the next while both are open, each on its own. While a channel moves, what comes
 * over the old connection is held back: the next one sends it again, from the channel's last position on. Where it does
 * not, what was held is delivered, and tabs hear that nobody knows what was missed.
 */
export class Handover {
  readonly next: Conversation
  readonly #deps: HandoverDeps
  readonly #fromOld = new Holding()
  readonly #fromNext = new Holding()
  readonly #moved = new Set<string>()

  constructor(deps: HandoverDeps) {
    this.next = deps.next
    this.#deps = deps
  }

  hasMoved(channel: string): boolean {
    return this.#moved.has(channel)
  }

  /** Resolves when every channel that is joined has moved; rejects when the next connection is of no use. */
  async move(): Promise<void> {
    for (let left = this.#left(); left.length > 0; left = this.#left())
      await Promise.all(left.map(channel => this.#move(channel)))
    if (this.next.error !== undefined) throw this.next.error
  }

  toldByOld(message: ToldChannel): void {
    if (!this.#moved.has(message.channel) && !this.#fromOld.add(message)) this.#deps.deliver(message)
  }

  toldByNext(message: ToldChannel): void {
    const { channel } = message
    if (message.type === 'joined') this.#joined(message)
    else if (this.#moved.has(channel)) this.#deps.deliver(message)
    else this.#fromNext.add(message)
  }

  leave(channel: string): void {
    const isThere = this.#moved.delete(channel) || this.#fromNext.has(channel)
    this.#fromOld.drop(channel)
    this.#fromNext.drop(channel)
    if (isThere) this.next.leave(channel)
  }

  /** The old connection goes on. False where it cannot any more: of what has moved it was not listened to. */
  abandon(): boolean {
    this.next.close()
    for (const message of this.#fromOld.takeAll()) this.#deps.deliver(message)
    return this.#moved.size === 0
  }

  #left(): string[] {
    return [...this.#deps.joined()].filter(channel => !this.#moved.has(channel))
  }

  async #move(channel: string): Promise<void> {
    const { next, signal, positionOf, moved, deliver } = this.#deps
    this.#fromOld.hold(channel)
    this.#fromNext.hold(channel)
    try {
      await next.join(channel, positionOf(channel), signal)
      if (this.#moved.has(channel)) moved(channel)
    } catch (cause) {
      const error = toUpstreamError(cause)
      if (error.kind !== 'refused') throw error
      for (const message of this.#fromOld.take(channel)) deliver(message)
      this.#fromNext.drop(channel)
      this.#moved.add(channel)
      deliver({ type: 'left', channel, error })
    }
  }

  #joined({ channel, position, continuity }: Extract<ToldChannel, { type: 'joined' }>): void {
    const { deliver } = this.#deps
    // It is wanted no more.
    if (!this.#fromNext.has(channel)) return
    const held = this.#fromOld.take(channel)
    if (continuity?.verdict !== 'recovered') {
      for (const message of held) deliver(message)
      deliver({ type: 'continuity', channel, continuity: continuity ?? { verdict: 'unknown' } })
    }
    this.#moved.add(channel)
    for (const message of this.#fromNext.take(channel)) deliver(message)
    deliver({ type: 'joined', channel, position })
  }
}
