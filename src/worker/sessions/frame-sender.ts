import { Ring } from '../../lib/index.ts'
import type { ContinuityNotice, EventItem, Frame, Item, Notice } from '../../protocol/index.ts'
import { describe, PartylineError } from '../../protocol/index.ts'
import type { Traffic } from '../observe/traffic.ts'

/** Something on its way to tabs. One object serves all the sessions that it goes to. */
export interface Outgoing {
  readonly item: Item
  /** Estimated size. */
  readonly bytes: number
}

export interface SendLimits {
  readonly maxFrameItems: number
  readonly maxFrameBytes: number
  readonly maxQueuedItems: number
  readonly maxQueuedBytes: number
}

export interface FrameSenderDeps {
  readonly limits: SendLimits
  readonly traffic: Traffic
  post(frame: Frame): void
  reportError(error: unknown): void
}

/** What overflow took from one subscription. `undefined`: it cannot be counted. */
type Loss = number | undefined

/**
 * One session's way to its tab.
 *
 * - The tab's acknowledgement is the clock: with no frame in flight an item goes out at once, otherwise it
 *   is gathered until the acknowledgement comes. A slow tab slows only itself.
 * - Items go out in the order in which they came.
 * - At most one frame is unacknowledged, and the queue behind it is bounded. When it is full the oldest
 *   event goes, and before the next event of that subscription the tab hears how many are missing.
 *   Answers to what the tab asked are never dropped; it bounds them itself by what it asks.
 */
export class FrameSender {
  readonly #deps: FrameSenderDeps
  readonly #queue = new Ring<Outgoing>()
  #queuedBytes = 0
  /** Answers that overflow found at the head of the queue. */
  #kept: Outgoing[] = []
  readonly #losses = new Map<number, Loss>()
  #lastSeq = 0
  #inFlight = false

  constructor(deps: FrameSenderDeps) {
    this.#deps = deps
  }

  get queuedItems(): number {
    return this.#queue.length
  }

  /** Everything was sent and acknowledged. */
  get isQuiet(): boolean {
    return !this.#inFlight
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  send(outgoing: Outgoing): void {
    this.#queue.push(outgoing)
    this.#queuedBytes += outgoing.bytes
    if (!this.#inFlight) this.#flush()
    else this.#makeRoom()
  }

  /** The tab has handled frame `seq`. @throws PartylineError `bad-message` when that is not the one in flight. */
  acknowledge(seq: number): void {
    if (!this.#inFlight || seq !== this.#lastSeq)
      throw new PartylineError('bad-message', `ack.seq is ${seq}; frame ${this.#lastSeq} is in flight`)
    this.#inFlight = false
    this.#flush()
  }

  #makeRoom(): void {
    const { maxQueuedItems, maxQueuedBytes } = this.#deps.limits
    while (this.#queue.length > 1 && (this.#queue.length > maxQueuedItems || this.#queuedBytes > maxQueuedBytes)) {
      const oldest = this.#take()
      if (oldest !== undefined) this.#drop(oldest)
    }
  }

  #drop(outgoing: Outgoing): void {
    const { item } = outgoing
    if (isEvent(item)) {
      this.#deps.traffic.dropped++
      this.#addLoss(item[0], 1)
    } else if (item.type === 'continuity') {
      this.#addLoss(item.ref, missedBy(item))
    } else this.#kept.push(outgoing)
  }

  #addLoss(ref: number, missed: Loss): void {
    const before = this.#losses.has(ref) ? this.#losses.get(ref) : 0
    this.#losses.set(ref, before === undefined || missed === undefined ? undefined : before + missed)
  }

  #take(): Outgoing | undefined {
    const outgoing = this.#queue.shift()
    if (outgoing !== undefined) this.#queuedBytes -= outgoing.bytes
    return outgoing
  }

  #flush(): void {
    const items = this.#nextItems()
    if (items.length > 0) this.#post(items)
  }

  #nextItems(): Item[] {
    const { maxFrameItems, maxFrameBytes } = this.#deps.limits
    const items: Item[] = [...this.#kept.map(({ item }) => item), ...this.#lossNotices()]
    this.#kept = []
    let bytes = 0
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (items.length > 0 && (items.length >= maxFrameItems || bytes + next.bytes > maxFrameBytes)) break
      this.#take()
      items.push(next.item)
      bytes += next.bytes
    }
    return items
  }

  #lossNotices(): ContinuityNotice[] {
    if (this.#losses.size === 0) return []
    const notices = Array.from(this.#losses, ([ref, missed]) => lossNotice(ref, missed)).filter(
      notice => notice.verdict !== 'gap' || notice.missed !== 0,
    )
    this.#losses.clear()
    return notices
  }

  #post(items: readonly Item[]): void {
    const { traffic, post } = this.#deps
    const seq = ++this.#lastSeq
    this.#inFlight = true
    try {
      post({ type: 'frame', seq, items })
    } catch (error) {
      post({ type: 'frame', seq, items: items.map(item => this.#cloneable(item, error)) })
    }
    traffic.frames++
    traffic.deliveries += items.length
  }

  /** One value that cannot be cloned must not take its neighbours with it. */
  #cloneable(item: Item, cause: unknown): Item {
    try {
      structuredClone(item)
      return item
    } catch {
      this.#deps.reportError(
        new PartylineError('invalid-payload', `${nameOf(item)} cannot be cloned to a tab`, { cause }),
      )
      return isEvent(item) ? lossNotice(item[0], 1) : withoutPayload(item, cause)
    }
  }
}

function isEvent(item: Item): item is EventItem {
  return Array.isArray(item)
}

function missedBy(notice: ContinuityNotice): Loss {
  switch (notice.verdict) {
    case 'recovered':
      return 0
    case 'gap':
      return notice.missed
    case 'unknown':
      return undefined
  }
}

function lossNotice(ref: number, missed: Loss): ContinuityNotice {
  return missed === undefined
    ? { type: 'continuity', ref, verdict: 'unknown' }
    : { type: 'continuity', ref, verdict: 'gap', missed }
}

function nameOf(item: Item): string {
  return isEvent(item) ? `event ${JSON.stringify(item[2])}` : `a notice of type ${item.type}`
}

/** Only an answer of the server can hold what cannot be cloned. */
function withoutPayload(notice: Notice, cause: unknown): Notice {
  return notice.type === 'receipt'
    ? {
        type: 'receipt',
        id: notice.id,
        stage: 'failed',
        error: {
          code: 'invalid-payload',
          message: `the server's answer cannot be cloned: ${describe(cause)}`,
          retryable: false,
        },
      }
    : notice
}
