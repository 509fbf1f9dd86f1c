import { PartylineError } from '../../protocol/index.ts'
import type { Item, Lane } from './lane.ts'

/** A connection that ends so soon after a message was sent may end because of it. */
const SOON_MS = 2_000
/** So often it may have been chance no more. */
const SUSPECTED_LOSSES = 2
/** After so many ends a message is not sent again: the last ones came when it alone was under way. */
const MAX_LOSSES = 5

/**
 * Messages that connections end of, such as one that the server finds too large. Sent again and again with all others it
 * would keep a line down for ever; alone it is found out.
 */
export class Suspects {
  /** After how many attempts the connection ended at once, by key. */
  readonly #losses = new Map<string, { readonly lane: Lane; count: number }>()

  /** Something may be held back for what is suspected. */
  get isHolding(): boolean {
    return this.#losses.size > 0
  }

  /**
   * A connection has ended while this was under way, and nobody has said why.
   * @param now on the broker's clock, as `sentAt`
   * @returns why it is not to be sent again, if it is not
   */
  connectionLost(lane: Lane, { entry: { key }, sentAt }: Item, now: number): PartylineError | undefined {
    if (now - sentAt >= SOON_MS) return undefined
    const count = (this.#losses.get(key)?.count ?? 0) + 1
    this.#losses.set(key, { lane, count })
    if (count < MAX_LOSSES) return undefined
    return new PartylineError(
      'unconfirmed',
      `${count} connections ended just after the message was sent, the last when nothing else was under way: it may be too large for the server`,
    )
  }

  /** What was sent has its outcome, or is not to be sent. */
  clear({ entry: { key } }: Item): void {
    this.#losses.delete(key)
  }

  /** Nothing waits in it any more, whoever has sent it. */
  closed(lane: Lane): void {
    for (const [key, loss] of this.#losses) if (loss.lane === lane) this.#losses.delete(key)
  }

  /**
   * What is suspected goes before all others, and alone: so it is found out soon, and the others are out of it.
   * @param sentCount how many are under way
   */
  mayGo(lane: Lane, now: number, sentCount: number): boolean {
    const due = Array.from(this.#losses, ([key, loss]) => ({ key, ...loss })).filter(
      ({ key, lane: { items, notBefore }, count }) =>
        count >= SUSPECTED_LOSSES && notBefore <= now && items[0]?.entry.key === key,
    )
    return due.length === 0 || (sentCount === 0 && due.some(suspect => suspect.lane === lane))
  }
}
