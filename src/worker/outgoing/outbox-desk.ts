import { measure } from '../../lib/index.ts'
import type { Added, Fate, NewEntry, Outbox } from '../../outbox/index.ts'
import {
  describe,
  fromChannelId,
  fromWireError,
  PartylineError,
  toWireError,
  type Durable,
  type OutboxCounts,
  type OutboxEntry,
  type OutboxRequest,
  type PublishOp,
} from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { Traffic } from '../observe/traffic.ts'
import type { Session } from '../sessions/session.ts'
import type { UpstreamMessage } from '../upstream/transport.ts'
import { Attendance } from './attendance.ts'
import { Dispatcher } from './dispatcher.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import type { ResolvedOutboxOptions } from './outbox-options.ts'
import { Watches, type Receipt, type Watch } from './watches.ts'

export interface OutboxDeskDeps {
  readonly host: BrokerHost
  readonly epoch: string
  readonly options: ResolvedOutboxOptions
  readonly traffic: Traffic
  /** Most messages of one lane that are sent and not acknowledged. */
  readonly maxUnderWay: number
  /** Opens the durable queue; rejects where this browser has none. */
  open(): Promise<Outbox>
  /** Deletes the one that could not be opened. */
  delete(): Promise<void>
  isOpen(): boolean
  /** There are tabs, and no other broker takes over from this one. */
  stays(): boolean
  send(message: UpstreamMessage, signal: AbortSignal): Promise<unknown>
  /** For messages that cannot be stored here. */
  sendUnstored(session: Session, op: PublishOp): void
  /** There is something to send, or nothing any more. */
  changed(): void
  /** A message was stored. */
  stored(): void
}

interface Early {
  readonly session: Session
  readonly op: DurableOp
}

interface Opened {
  readonly box: Outbox
  readonly lease: LeaseKeeper
  readonly dispatcher: Dispatcher
  readonly attendance: Attendance
  /** Sees to it that others know whether this broker sends, or will. */
  tend(): void
}

type DurableOp = PublishOp & { readonly durable: Durable }

export function isDurable(op: PublishOp): op is DurableOp {
  return op.durable !== undefined
}

/** Entries of a list that cross at once. */
const MAX_LISTED = 1_000
const TELL_COUNTS_EVERY_MS = 100
/** What is being sent when its time is up expires when that has failed. */
const EXPIRE_AGAIN_MS = 1_000
const RELEASE_MS = 500
/** How long after an outbox could not be opened that is tried again, unless a tab attaches before. */
const OPEN_AGAIN_MS = 30_000

/**
 * Takes in what is to be stored, and tells each tab what became of its own: `stored`, then `acknowledged` or `failed`.
 * Storing and sending start together.
 */
export class OutboxDesk {
  readonly #deps: OutboxDeskDeps
  readonly #watches = new Watches()
  readonly #interested = new Set<Session>()
  #storage: OutboxCounts['storage'] = 'opening'
  #opened: Opened | undefined
  /** What was asked before it was known whether messages can be stored. */
  #early: Early[] = []
  #starting: Promise<void> | undefined
  /** Why the outbox could not be opened. */
  #failure: PartylineError | undefined
  #cancelOpening = (): void => {}
  #isOver = false
  /** How many of a lane are being stored that are not sent from memory: what is published behind them waits its turn. */
  readonly #unsure = new Map<string, number>()
  #cancelExpiry = (): void => {}
  #cancelTelling: (() => void) | undefined

  constructor(deps: OutboxDeskDeps) {
    this.#deps = deps
  }

  /** What the end of the outbox cuts off is no failure. */
  readonly #report = (error: unknown): void => {
    if (!this.#isOver) this.#deps.host.reportError(error)
  }

  /** Lanes that have something to send. */
  get size(): number {
    return this.#opened?.dispatcher.size ?? 0
  }

  /** Messages that were sent and not acknowledged. */
  get sentCount(): number {
    return this.#opened?.dispatcher.sentCount ?? 0
  }

  get counts(): OutboxCounts {
    const { waiting, dead, bytes } = this.#opened?.box.usage ?? { waiting: 0, dead: 0, bytes: 0 }
    return { waiting, dead, bytes, storage: this.#storage }
  }

  /** Opens the outbox, in which something may wait from earlier. Idempotent; tries again what has failed and may not now. */
  start(): void {
    if (!this.#isOver) this.#starting ??= this.#start()
  }

  publish(session: Session, op: DurableOp): void {
    const opened = this.#opened
    if (this.#storage === 'opening') return void this.#early.push({ session, op })
    if (opened === undefined) return this.#publishUnstored(session, op)
    const { key, outbox, lane = op.channel } = op.durable
    this.#watches.add(key, { session, id: op.id, lane, isStored: outbox !== undefined })
    if (outbox !== undefined) void this.#recall(opened, outbox, key)
    else void this.#store(opened, op)
  }

  /** The tab no longer awaits it: not sent if it waits still, otherwise on its way all the same. */
  cancel(session: Session, id: number): void {
    this.#early = this.#early.filter(early => early.session !== session || early.op.id !== id)
    for (const key of this.#watches.cancel(session, id)) this.#drop([key]).catch(this.#report)
  }

  /** The tab is gone; what it has published stays. */
  detach(session: Session): void {
    this.#interested.delete(session)
    this.#watches.detach(session)
  }

  /** A tab has come or gone. */
  tabsChanged(): void {
    this.#opened?.tend()
  }

  /** The tab wants to hear how full the outbox is. */
  watch(session: Session): void {
    this.#interested.add(session)
    session.send({ type: 'outbox', ...this.counts })
  }

  connectionOpened(): void {
    this.#opened?.tend()
    this.#opened?.dispatcher.turn()
  }

  /** @param isUnexplained nobody has said why */
  connectionLost(isUnexplained: boolean): void {
    this.#opened?.dispatcher.connectionLost(isUnexplained)
    this.#opened?.tend()
  }

  /** Another context may have stored or sent something. */
  async nudged(): Promise<void> {
    if (this.#opened === undefined) return
    await this.#opened.box.refresh()
    await this.#othersMaySend(this.#opened)
    this.#countsChanged()
  }

  /** @throws PartylineError `storage-unavailable` and others of the outbox */
  async answer(request: OutboxRequest): Promise<unknown> {
    await this.#starting
    if (request.type === 'counts') {
      // Other contexts may have stored or sent something.
      await this.#opened?.box.refresh()
      return this.counts
    }
    const { box } = this.#ready()
    switch (request.type) {
      case 'list':
        // For IndexedDB none at most is no limit.
        if (request.count === 0) return []
        return (await box.list(request.state, Math.min(request.count, MAX_LISTED), request.after)).map(toOutboxEntry)
      case 'drop':
        return this.#drop(request.keys)
      case 'retry': {
        const retried = await box.retry(request.keys)
        await this.#opened?.dispatcher.reload()
        this.#countsChanged()
        return retried
      }
    }
  }

  /** Lets another drainer send at once. Waits no longer than a moment, and never fails: it would lapse by itself, too. */
  async release(): Promise<void> {
    this.#opened?.attendance.rest()
    const released = this.#opened?.lease.release().catch(this.#deps.host.reportError)
    await Promise.race([released, new Promise<void>(resolve => void this.#deps.host.setTimer(RELEASE_MS, resolve))])
  }

  /** Deletes everything that is stored, here and in every other context. */
  async wipe(): Promise<void> {
    this.#isOver = true
    await this.#starting
    const box = this.#stop()
    await (box === undefined ? this.#deps.delete() : box.wipe())
  }

  /** What is stored stays. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#starting
    await this.release()
    this.#stop()?.close()
  }

  #stop(): Outbox | undefined {
    const opened = this.#opened
    this.#opened = undefined
    opened?.lease.rest()
    opened?.attendance.rest()
    this.#cancelExpiry()
    this.#cancelOpening()
    this.#cancelTelling?.()
    this.#interested.clear()
    return opened?.box
  }

  async #start(): Promise<void> {
    const { open } = this.#deps
    this.#cancelOpening()
    try {
      const box = await open()
      this.#opened = this.#assemble(box)
      this.#storage = 'ready'
      // Taken once, so that later nothing has to be looked up before the first message.
      this.#opened.lease.want()
      void this.#expire(box)
    } catch (error) {
      this.#storage = 'unavailable'
      this.#openingFailed(error)
    }
    for (const { session, op } of this.#early.splice(0)) this.publish(session, op)
    this.#deps.changed()
    this.#countsChanged()
  }

  /** Reported once, however often it is tried again. */
  #openingFailed(error: unknown): void {
    const { host } = this.#deps
    const failure = toFailure(error)
    if (failure.message !== this.#failure?.message) host.reportError(error)
    this.#failure = failure
    if (!failure.retryable || this.#isOver) return
    this.#starting = undefined
    this.#cancelOpening = host.setTimer(OPEN_AGAIN_MS, () => this.start())
  }

  #assemble(box: Outbox): Opened {
    const { host, epoch, options, maxUnderWay, isOpen, stays, send, traffic } = this.#deps
    const dispatcher: Dispatcher = new Dispatcher({
      host,
      box,
      policy: { ...options, maxUnderWay },
      isOpen,
      maySend: () => {
        if (!lease.isFresh) lease.want()
        return lease.isFresh
      },
      send: ({ channel, event, payload }, key, signal) => {
        traffic.published++
        return send({ channel, event, payload, key, origin: this.#watches.of(key)[0]?.session.id }, signal)
      },
      acknowledged: (key, reply) => {
        traffic.acknowledged++
        this.#watches.settle(key, { stage: 'acknowledged', reply })
      },
      left: () => this.#countsChanged(),
      failed: (key, error) => {
        traffic.failed++
        this.#watches.settle(key, { stage: 'failed', error: toWireError(error) })
        this.#countsChanged()
      },
      expire: () => void this.#expire(box),
      emptied: lane => void this.#lookAfterWatches(box, lane).catch(this.#report),
      changed: () => {
        tend()
        this.#deps.changed()
      },
    })
    const lease: LeaseKeeper = new LeaseKeeper({
      host,
      box,
      holder: epoch,
      changedHands: () => void this.#othersMaySend(opened).finally(tend),
      taken: () => dispatcher.turn(),
      refused: () => {
        attendance.say()
        void this.#lookAfterWatches(box).catch(this.#report)
      },
    })
    const attendance = new Attendance({ host, box })
    function tend(): void {
      const hasWork = dispatcher.size > 0
      // Who cannot send must not keep others from it that can.
      if (hasWork && isOpen()) lease.want()
      else lease.rest()
      if (hasWork && !isOpen() && stays()) attendance.want()
      else attendance.rest()
    }
    const opened: Opened = { box, dispatcher, lease, attendance, tend }
    return opened
  }

  #ready(): Opened {
    if (this.#opened !== undefined) return this.#opened
    const { message: why = 'the outbox is closed', retryable = false } = this.#failure ?? {}
    throw new PartylineError('storage-unavailable', `messages cannot be stored: ${why}`, { retryable })
  }

  #publishUnstored(session: Session, op: DurableOp): void {
    if (session.isClosed) return
    try {
      this.#deps.sendUnstored(session, op)
    } catch (error) {
      session.send({ type: 'receipt', id: op.id, stage: 'failed', error: toWireError(error) })
    }
  }

  async #store(opened: Opened, op: DurableOp): Promise<void> {
    const { box, dispatcher } = opened
    const entry = toEntry(op, this.#deps.host.wallClock())
    const { key, own = false, again = false } = op.durable
    // What is being sent under its key is the same message, also when the server refuses that meanwhile.
    const adding = box.add(entry, again || box.sending.has(key))
    // One that may be stored already is sent from the database, where it has its place; one that may be refused not at all.
    const isSure = !own && !again && !this.#unsure.has(entry.lane) && box.hasRoomFor(entry)
    if (isSure) dispatcher.add(entry)
    else this.#countUnsure(entry, 1)
    try {
      const added = await adding
      this.#watches.tellStored(entry.key, box.id)
      await this.#stored(opened, entry, added, isSure)
      this.#deps.stored()
    } catch (error) {
      dispatcher.notStored(entry, error as PartylineError)
    }
    if (!isSure) this.#countUnsure(entry, -1)
    this.#countsChanged()
  }

  #countUnsure({ lane }: NewEntry, change: 1 | -1): void {
    const count = (this.#unsure.get(lane) ?? 0) + change
    if (count > 0) this.#unsure.set(lane, count)
    else this.#unsure.delete(lane)
  }

  async #stored(opened: Opened, entry: NewEntry, { outcome, replaced }: Added, isSure: boolean): Promise<void> {
    const { box, dispatcher } = opened
    if (replaced !== undefined) {
      dispatcher.withdraw(new Set([replaced]))
      const why = new PartylineError('replaced', 'a newer message with the same coalesce has taken its place')
      this.#watches.settle(replaced, { stage: 'failed', error: toWireError(why) })
    }
    if (outcome !== 'known' && !isSure) dispatcher.stored(entry)
    if (entry.expiresAt !== undefined) void this.#armExpiry(box).catch(this.#report)
    if (outcome === 'known') await this.#recall(opened, box.id, entry.key)
  }

  /** A tab asks what became of a message that an earlier broker has stored. */
  async #recall({ box, dispatcher }: Opened, outbox: string, key: string): Promise<void> {
    const asked = this.#watches.of(key)
    try {
      const fate = await box.fate(key)
      if (fate.state === 'waiting') {
        for (const watch of this.#watches.of(key)) watch.lane = fate.lane
        dispatcher.stored(fate)
      } else this.#watches.settle(key, outbox === box.id ? toReceipt(fate) : wiped(), asked)
    } catch (error) {
      this.#report(error)
    }
  }

  async #othersMaySend({ box, dispatcher }: Opened): Promise<void> {
    try {
      await dispatcher.reload()
      await this.#lookAfterWatches(box)
    } catch (error) {
      this.#report(error)
    }
  }

  /** What somebody else has sent or buried, of one lane or of all, its tab hears from here. */
  async #lookAfterWatches(box: Outbox, lane?: string): Promise<void> {
    const stored = this.#watches.ofStored(lane).filter(([key]) => !box.sending.has(key))
    const look = async ([key, watches]: readonly [string, readonly Watch[]]): Promise<void> => {
      const fate = await box.fate(key)
      if (fate.state !== 'waiting') this.#watches.settle(key, toReceipt(fate), watches)
    }
    await Promise.all(stored.map(look))
  }

  async #expire(box: Outbox): Promise<void> {
    const asked = this.#watches.snapshot()
    try {
      const expired = await box.expire()
      this.#opened?.dispatcher.withdraw(new Set(expired.map(({ key }) => key)))
      for (const { key, died } of expired) {
        this.#deps.traffic.failed++
        if (died !== undefined) this.#watches.settle(key, { stage: 'failed', error: died.error }, asked.get(key) ?? [])
      }
      await this.#armExpiry(box)
    } catch (error) {
      this.#report(error)
    }
    this.#countsChanged()
  }

  async #armExpiry(box: Outbox): Promise<void> {
    const { host } = this.#deps
    const next = await box.nextExpiry()
    this.#cancelExpiry()
    if (next === undefined || this.#opened === undefined) return
    const ms = next - host.wallClock()
    this.#cancelExpiry = host.setTimer(ms > 0 ? ms : EXPIRE_AGAIN_MS, () => void this.#expire(box))
  }

  async #drop(keys: readonly string[]): Promise<readonly string[]> {
    if (this.#opened === undefined) return []
    const { box, dispatcher } = this.#opened
    const asked = this.#watches.snapshot()
    const dropping = box.drop(keys)
    dispatcher.withdraw(new Set(keys))
    const dropped = await dropping
    const why = toWireError(new PartylineError('dropped', 'the message was dropped from the outbox'))
    for (const key of dropped) this.#watches.settle(key, { stage: 'failed', error: why }, asked.get(key) ?? [])
    this.#countsChanged()
    return dropped
  }

  #countsChanged(): void {
    if (this.#interested.size === 0 || this.#cancelTelling !== undefined) return
    this.#cancelTelling = this.#deps.host.setTimer(TELL_COUNTS_EVERY_MS, () => {
      this.#cancelTelling = undefined
      for (const session of this.#interested) session.send({ type: 'outbox', ...this.counts })
    })
  }
}

function toFailure(error: unknown): PartylineError {
  return error instanceof PartylineError ? error : new PartylineError('storage-unavailable', describe(error))
}

function toEntry({ channel, event, payload, durable }: DurableOp, now: number): NewEntry {
  const { key, lane = fromChannelId(channel).name, ttlMs, coalesce } = durable
  return {
    key,
    lane,
    body: { kind: 'message', channel, event, payload },
    bytes: measure(payload).bytes,
    createdAt: now,
    ...(ttlMs === undefined ? {} : { expiresAt: now + ttlMs }),
    ...(coalesce === undefined ? {} : { coalesce }),
  }
}

/** What the tab hears of a message that does not wait any more. */
function toReceipt(fate: Exclude<Fate, { readonly state: 'waiting' }>): Receipt {
  switch (fate.state) {
    case 'absent':
      return { stage: 'acknowledged' }
    case 'dead':
      return { stage: 'failed', error: toWireError(fromWireError(fate.died.error)) }
    case 'gone':
      return { stage: 'failed', error: toWireError(new PartylineError(fate.why, `the message was ${fate.why}`)) }
  }
}

function wiped(): Receipt {
  const why = 'the outbox was wiped since the message was stored: nobody knows whether it was sent'
  return { stage: 'failed', error: toWireError(new PartylineError('unconfirmed', why)) }
}

function toOutboxEntry({ body, ...entry }: OutboxEntry): OutboxEntry {
  if (body.kind !== 'request') return { ...entry, body }
  const { kind, url, method } = body
  return { ...entry, body: { kind, url, method } }
}
