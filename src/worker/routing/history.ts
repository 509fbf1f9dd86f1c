import type { Checkpoint, Mark } from '../../protocol/index.ts'
import type { UpstreamEvent } from '../upstream/transport.ts'

export interface HistoryLimits {
  readonly maxEvents: number
  /** Estimated. */
  readonly maxBytes: number
}

interface Entry {
  readonly n: number
  readonly stream: string
  readonly event: UpstreamEvent
  readonly bytes: number
}

/**
 * The last events that came from the server, numbered from 1, for tabs that attach with a mark: it tells which
 * came after it, also when the mark is another broker's and only the server's positions connect the two.
 */
export class History {
  readonly #limits: HistoryLimits
  #entries: (Entry | undefined)[] = []
  /** Those before this one were dropped; their places are cleared away in bulk. */
  #first = 0
  #bytes = 0
  #n = 0
  #droppedUpTo = 0
  /** What this broker carried on from. */
  #offered: Checkpoint = {}
  readonly #starts = new Map<string, string | undefined>()

  constructor(limits: HistoryLimits) {
    this.#limits = limits
  }

  /** Number of the last event, or of the last interruption. */
  get n(): number {
    return this.#n
  }

  /** Something may be missing here. It has a number of its own, so that marks before and after it differ. */
  interrupt(): number {
    return ++this.#n
  }

  /** The server is asked to carry on from here. */
  offerStart(checkpoint: Checkpoint): void {
    this.#offered = checkpoint
  }

  /**
   * It does, with this stream: nothing came between the position offered and the first event here. Returns the
   * number of the event after which none is missing.
   */
  confirmStart(stream: string): number {
    const offered = this.#offered[stream]
    if (offered === undefined) return this.interrupt()
    this.#starts.set(stream, offered.position)
    return 0
  }

  add(event: UpstreamEvent, stream: string, bytes: number): void {
    this.#entries.push({ n: ++this.#n, stream, event, bytes })
    this.#bytes += bytes
    const { maxEvents, maxBytes } = this.#limits
    while (this.#entries.length - this.#first > maxEvents || this.#bytes > maxBytes) this.#dropOldest()
    if (this.#first > maxEvents) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }

  /** After which event of the stream the mark was told; `undefined` when it cannot be known. */
  placeOfMark({ epoch, n, checkpoint }: Mark, stream: string, ownEpoch: string): number | undefined {
    return epoch === ownEpoch ? n : this.placeOf(checkpoint?.[stream]?.position, stream)
  }

  /** The number of the event at this position; 0 for where the stream was carried on from. */
  placeOf(position: string | undefined, stream: string): number | undefined {
    if (position === undefined) return undefined
    const found = this.#find(entry => entry.stream === stream && entry.event.position === position)
    if (found !== undefined) return found.n
    return this.#starts.get(stream) === position ? 0 : undefined
  }

  /** A channel's events after the first `n` of all, oldest first; `undefined` when some of them are not kept any more. */
  since(n: number, channel: string): readonly UpstreamEvent[] | undefined {
    if (n < this.#droppedUpTo) return undefined
    return this.#entries
      .slice(this.#first)
      .flatMap(entry => (entry !== undefined && entry.n > n && entry.event.channel === channel ? [entry.event] : []))
  }

  /** A channel's last events after the first `n` of all, at most `count` and as far as they are kept, oldest first. */
  last(channel: string, count: number, n: number): readonly UpstreamEvent[] {
    const found: UpstreamEvent[] = []
    for (let index = this.#entries.length - 1; index >= this.#first && found.length < count; index--) {
      const entry = this.#entries[index]
      if (entry === undefined || entry.n <= n) break
      if (entry.event.channel === channel) found.push(entry.event)
    }
    return found.toReversed()
  }

  #dropOldest(): void {
    const oldest = this.#entries[this.#first]
    this.#bytes -= oldest?.bytes ?? 0
    this.#droppedUpTo = oldest?.n ?? this.#droppedUpTo
    this.#entries[this.#first++] = undefined
  }

  /** The newest that fits. */
  #find(fits: (entry: Entry) => boolean): Entry | undefined {
    for (let index = this.#entries.length - 1; index >= this.#first; index--) {
      const entry = this.#entries[index]
      if (entry !== undefined && fits(entry)) return entry
    }
    return undefined
  }
}
