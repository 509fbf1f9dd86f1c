import { Ring } from '../../lib/index.ts'
import type { ContinuityNotice, EventItem, Frame, Item, Notice } from '../../protocol/index.ts'
import { describe, PartylineError } from '../../protocol/index.ts'
import type { Traffic } from '../observe/traffic.ts'
import type { RunTexts } from './run-texts.ts'

/** Something on its way to tabs. One object serves all the sessions that it goes to. */
export type Outgoing = OutgoingItem | OutgoingText

export interface OutgoingItem {
  readonly item: Item
  /** Estimated size. */
  readonly bytes: number
}

/** An event as JSON text. */
export interface OutgoingText {
  readonly ref: number
  readonly text: string
  /** Estimated size. */
  readonly bytes: number
}

export interface SendLimits {
  readonly maxFrameItems: number
  readonly maxFrameBytes: number
  readonly maxQueuedItems: number
  readonly maxQueuedBytes: number
}

/** Frames that may be unacknowledged, all but the first of them full. */
const MAX_IN_FLIGHT = 3

export interface FrameSenderDeps {
  /** Shared by all sessions. */
  readonly runTexts: RunTexts
  readonly limits: SendLimits
  readonly traffic: Traffic
  post(frame: Frame): void
  reportError(error: unknown): void
  /** More answers wait than the tab will ever take: it is to be let go. */
  overwhelmed(): void
}

/** What overflow took from one subscription. `undefined`: it cannot be counted. */
type Loss = number | undefined

/**
 * One session's way to its tab.
 *
 * - The tab's acknowledgement is the clock: with no frame in flight an item goes out at once, otherwise it
 *   is gathered until the acknowledgement comes, or until it fills a frame and few are in flight. A slow tab
 *   slows only itself.
 * - Items go out in the order in which they came.
 * - What is unacknowledged is bounded, and so is the queue behind it. When that is full the oldest
 *   event goes, and before the next event of that subscription the tab hears how many are missing.
 *   Answers to what the tab asked are never dropped; it bounds them itself by what it asks.
 */
export class FrameSender {
  readonly #deps: FrameSenderDeps
  readonly #queue = new Ring<Outgoing>()
  #queuedBytes = 0
  /** Answers that overflow found at the head of the queue. */
  #kept: Notice[] = []
  readonly #losses = new Map<number, Loss>()
  #lastSeq = 0
  /** Frames that are not acknowledged. */
  #inFlight = 0

  constructor(deps: FrameSenderDeps) {
    this.#deps = deps
  }

  get queuedItems(): number {
    return this.#queue.length + this.#kept.length
  }

  /** Everything was sent and acknowledged. */
  get isQuiet(): boolean {
    return this.#inFlight === 0
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  send(outgoing: Outgoing): void {
    this.#queue.push(outgoing)
    this.#queuedBytes += outgoing.bytes
    this.#makeRoom()
    this.#flush()
  }

  /** The tab has handled frame `seq`. @throws PartylineError `bad-message` when that is not the oldest in flight. */
  acknowledge(seq: number): void {
    const oldest = this.#lastSeq - this.#inFlight + 1
    if (this.#inFlight === 0 || seq !== oldest) {
      const expected = this.#inFlight === 0 ? 'no frame' : `frame ${oldest}`
      throw new PartylineError('bad-message', `ack.seq is ${seq}; ${expected} is in flight`)
    }
    this.#inFlight--
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
    if ('text' in outgoing) return this.#dropEvent(outgoing.ref)
    const { item } = outgoing
    if (isEvent(item)) this.#dropEvent(item[0])
    else if (item.type === 'continuity') this.#addLoss(item.ref, missedBy(item))
    else this.#keep(item)
  }

  /** Of a state only the latest matters. What else piles up was asked for by a tab that handles nothing. */
  #keep(notice: Notice): void {
    if (notice.type === 'status' || notice.type === 'subscription')
      this.#kept = this.#kept.filter(older => !replaces(notice, older))
    // What was lost before it belongs to the subscription that is over.
    if (notice.type === 'subscription' && notice.state === 'left') this.#losses.delete(notice.ref)
    this.#kept.push(notice)
    const { maxQueuedItems } = this.#deps.limits
    if (this.#kept.length > maxQueuedItems && this.#kept.filter(isUnbounded).length > maxQueuedItems)
      this.#deps.overwhelmed()
  }

  #dropEvent(ref: number): void {
    this.#deps.traffic.dropped++
    this.#addLoss(ref, 1)
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
    while (this.#mayPost()) {
      const { items, count } = this.#nextItems()
      if (count === 0) return
      this.#post(items, count)
    }
  }

  #mayPost(): boolean {
    const { maxFrameItems, maxFrameBytes } = this.#deps.limits
    const isFull = this.#queue.length >= maxFrameItems || this.#queuedBytes >= maxFrameBytes
    return this.#inFlight === 0 || (isFull && this.#inFlight < MAX_IN_FLIGHT)
  }

  #nextItems(): { readonly items: (Item | string)[]; readonly count: number } {
    const before = [...this.#kept, ...this.#lossNotices()]
    this.#kept = []
    const taken = this.#takeFrame(before.length > 0)
    return { items: [...before, ...inRuns(taken, this.#deps.runTexts)], count: before.length + taken.length }
  }

  #takeFrame(isStarted: boolean): Outgoing[] {
    const { maxFrameItems, maxFrameBytes } = this.#deps.limits
    const taken: Outgoing[] = []
    let bytes = 0
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const isFull = taken.length >= maxFrameItems || bytes + next.bytes > maxFrameBytes
      if (isFull && (isStarted || taken.length > 0)) break
      this.#take()
      taken.push(next)
      bytes += next.bytes
    }
    return taken
  }

  #lossNotices(): ContinuityNotice[] {
    if (this.#losses.size === 0) return []
    const notices = Array.from(this.#losses, ([ref, missed]) => lossNotice(ref, missed))
    this.#losses.clear()
    return notices
  }

  #post(items: readonly (Item | string)[], count: number): void {
    const { traffic, post } = this.#deps
    const seq = ++this.#lastSeq
    this.#inFlight++
    try {
      post({ type: 'frame', seq, items })
    } catch (error) {
      post({ type: 'frame', seq, items: items.map(item => this.#cloneable(item, error)) })
    }
    traffic.frames++
    traffic.deliveries += count
  }

  /** One value that cannot be cloned must not take its neighbours with it. */
  #cloneable(item: Item | string, cause: unknown): Item | string {
    if (typeof item === 'string') return item
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

/** Of the others there is at most one for each channel of the line. */
function isUnbounded(notice: Notice): boolean {
  return notice.type !== 'subscription' || notice.ref === 0 || notice.state === 'left'
}

function replaces(notice: Notice, older: Notice): boolean {
  if (older.type === 'status') return notice.type === 'status'
  // Each `left` is waited for.
  if (older.type !== 'subscription' || older.state === 'left') return false
  return notice.type === 'subscription' && notice.channel === older.channel
}

/** Consecutive texts as one. */
function inRuns(taken: readonly Outgoing[], runTexts: RunTexts): (Item | string)[] {
  const items: (Item | string)[] = []
  let run: OutgoingText[] = []
  const endRun = (): void => {
    if (run.length > 0) items.push(runTexts.textOf(run))
    run = []
  }
  for (const outgoing of taken) {
    if ('text' in outgoing) run.push(outgoing)
    else {
      endRun()
      items.push(outgoing.item)
    }
  }
  endRun()
  return items
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
  // All that went was the news that nothing is missing.
  if (missed === 0) return { type: 'continuity', ref, verdict: 'recovered' }
  return missed === undefined
    ? { type: 'continuity', ref, verdict: 'unknown' }
    : { type: 'continuity', ref, verdict: 'gap', missed }
}

function nameOf(item: Item): string {
  return isEvent(item) ? `event ${JSON.stringify(item[1])}` : `a notice of type ${item.type}`
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
