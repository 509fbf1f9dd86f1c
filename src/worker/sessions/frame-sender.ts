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

/** What was posted and is not acknowledged, kept until then for a tab that comes back, or for another one. */
interface InFlight {
  readonly seq: number
  readonly contents: readonly Outgoing[]
}

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
 * - While it is suspended nothing is posted: a single message would end the page's stay in the back/forward
 *   cache. When the tab is back it gets, once, all that it had not handled.
 */
export class FrameSender {
  readonly #deps: FrameSenderDeps
  readonly #queue = new Ring<Outgoing>()
  #queuedBytes = 0
  /** Answers that overflow found at the head of the queue. */
  #kept: Notice[] = []
  readonly #losses = new Map<number, Loss>()
  #lastSeq = 0
  #inFlight: InFlight[] = []
  #isSuspended = false

  constructor(deps: FrameSenderDeps) {
    this.#deps = deps
  }

  get queuedItems(): number {
    return this.#queue.length + this.#kept.length
  }

  /** Everything was sent and acknowledged. */
  get isQuiet(): boolean {
    return this.#inFlight.length === 0 && this.queuedItems === 0
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  send(outgoing: Outgoing): void {
    this.#put(outgoing)
    this.#makeRoom()
    this.#flush()
  }

  /** The tab has handled frame `seq`. @throws PartylineError `bad-message` when that is not the oldest in flight. */
  acknowledge(seq: number): void {
    const [oldest] = this.#inFlight
    if (seq !== oldest?.seq) {
      const expected = oldest === undefined ? 'no frame' : `frame ${oldest.seq}`
      throw new PartylineError('bad-message', `ack.seq is ${seq}; ${expected} is in flight`)
    }
    this.#inFlight.shift()
    this.#flush()
  }

  /** Posts nothing from now on. */
  suspend(): void {
    this.#isSuspended = true
  }

  /** The tab has handled all frames up to this one. */
  acknowledgeUpTo(seq: number): void {
    this.#inFlight = this.#inFlight.filter(frame => frame.seq > seq)
  }

  /**
   * The tab is back on a new port, and has handled all frames up to `seq`; their numbers go on. Each subscription of `refs` hears first whether it has lost something meanwhile.
   */
  resume(seq: number, refs: readonly number[]): void {
    this.acknowledgeUpTo(seq)
    const unhandled = this.#inFlight.flatMap(({ contents }) => contents)
    const recovered = refs
      .filter(ref => !this.#losses.has(ref))
      .map((ref): Outgoing => ({ item: { type: 'continuity', ref, verdict: 'recovered' }, bytes: 0 }))
    // What overflowed is older than what is queued and younger than what was in flight.
    const lost = this.#lossNotices().map((item): Outgoing => ({ item, bytes: 0 }))
    const kept = this.#kept.map((item): Outgoing => ({ item, bytes: 0 }))
    this.#kept = []
    this.#putFirst([...recovered, ...unhandled, ...kept, ...lost])
    this.#inFlight = []
    this.#isSuspended = false
    this.#flush()
  }

  /** Takes out all that the tab has not handled and that `fits`, oldest first. */
  takeBack(fits: (outgoing: Outgoing) => boolean): Outgoing[] {
    const taken = this.#inFlight.flatMap(({ contents }) => contents.filter(fits))
    this.#inFlight = this.#inFlight.map(({ seq, contents }) => ({
      seq,
      contents: contents.filter(outgoing => !fits(outgoing)),
    }))
    for (let left = this.#queue.length; left > 0; left--) {
      const outgoing = this.#take()
      if (outgoing === undefined) break
      if (fits(outgoing)) taken.push(outgoing)
      else this.#put(outgoing)
    }
    return taken
  }

  #putFirst(first: readonly Outgoing[]): void {
    const behind = this.#queue.length
    for (const outgoing of first) this.#put(outgoing)
    for (let moved = 0; moved < behind; moved++) {
      const outgoing = this.#take()
      if (outgoing !== undefined) this.#put(outgoing)
    }
  }

  #put(outgoing: Outgoing): void {
    this.#queue.push(outgoing)
    this.#queuedBytes += outgoing.bytes
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
    if (notice.type === 'status' || notice.type === 'mark' || notice.type === 'subscription')
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

  /** What one tab alone was to get counts as its channel's. */
  #addLoss(signedRef: number, missed: Loss): void {
    const ref = Math.abs(signedRef)
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
      const contents = this.#nextContents()
      if (contents.length === 0) return
      this.#post(contents)
    }
  }

  #mayPost(): boolean {
    if (this.#isSuspended) return false
    const { maxFrameItems, maxFrameBytes } = this.#deps.limits
    const isFull = this.#queue.length >= maxFrameItems || this.#queuedBytes >= maxFrameBytes
    return this.#inFlight.length === 0 || (isFull && this.#inFlight.length < MAX_IN_FLIGHT)
  }

  #nextContents(): Outgoing[] {
    if (this.#kept.length + this.#losses.size === 0) return this.#takeFrame(false)
    const before = [...this.#kept, ...this.#lossNotices()].map((item): Outgoing => ({ item, bytes: 0 }))
    this.#kept = []
    return [...before, ...this.#takeFrame(true)]
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

  #post(contents: readonly Outgoing[]): void {
    const { traffic, post, runTexts } = this.#deps
    const seq = ++this.#lastSeq
    const items = inRuns(contents, runTexts)
    this.#inFlight.push({ seq, contents })
    try {
      post({ type: 'frame', seq, items })
    } catch (error) {
      post({ type: 'frame', seq, items: items.map(item => this.#cloneable(item, error)) })
    }
    traffic.frames++
    traffic.deliveries += contents.length
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
      return isEvent(item) ? lossNotice(Math.abs(item[0]), 1) : withoutPayload(item, cause)
    }
  }
}

/** Of the others there is at most one for each channel of the line. */
function isUnbounded(notice: Notice): boolean {
  return notice.type !== 'subscription' || notice.ref === 0 || notice.state === 'left'
}

function replaces(notice: Notice, older: Notice): boolean {
  if (older.type === 'status') return notice.type === 'status'
  if (older.type === 'mark') return notice.type === 'mark'
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

export function isEvent(item: Item): item is EventItem {
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
