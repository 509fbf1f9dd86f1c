import type { MessageBody, NewEntry, Outbox } from '../../outbox/index.ts'
import { fullJitter } from '../../lib/index.ts'
import { PartylineError, toWireError } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import { newLane, nextStep, type Item, type Lane } from './lane.ts'
import { Suspects } from './suspects.ts'

export interface DispatchPolicy {
  readonly maxAttempts: number
  readonly ackTimeoutMs: number
  readonly retryBaseMs: number
  readonly retryMaxMs: number
  /** Most messages of one lane that are sent and not acknowledged. */
  readonly maxUnderWay: number
}

export interface DispatcherDeps {
  readonly host: BrokerHost
  readonly box: Outbox
  readonly policy: DispatchPolicy
  /** The line is open, and this broker may use it. */
  isOpen(): boolean
  /** The right to send is here; asks for it where it is not, and {@link Dispatcher.turn} follows. */
  maySend(): boolean
  /** Hands the message over; resolves with the server's acknowledgement. */
  send(message: MessageBody, key: string, signal: AbortSignal): Promise<unknown>
  acknowledged(key: string, reply: unknown): void
  /** What was acknowledged has left the outbox. */
  left(): void
  /** It was not acknowledged and will not be sent again; it is among the dead letters, unless it was never stored. */
  failed(key: string, error: PartylineError): void
  /** Messages were found whose time is up. */
  expire(): void
  /** Nothing waits in this lane any more, whoever has sent it. */
  emptied(lane: string): void
  /** There is something to send, or nothing any more. */
  changed(): void
}

/** How much of a lane is read at once: as much as the outbox keeps together. */
const LOAD_COUNT = 128
/** How much of it is kept in memory; the rest is read when it has its turn. */
const MAX_KEPT = 256

/**
 * Sends what waits in the outbox: each lane in order, none waiting for another. An entry leaves the outbox when the
 * server has acknowledged it, and moves to the dead letters when it was refused for good.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps
  readonly #lanes = new Map<string, Lane>()
  /** The lanes in memory are all that have something to send. */
  #isComplete = false
  /** Acknowledged, and perhaps still in the database: never sent again from here. */
  readonly #done = new Set<string>()
  /** Of these, the ones that the database did not let go. */
  readonly #stuck = new Set<string>()
  readonly #suspects = new Suspects()

  constructor(deps: DispatcherDeps) {
    this.#deps = deps
  }

  /** Lanes that have something to send; one, where nobody could look yet and something waits. */
  get size(): number {
    const isOpenQuestion = !this.#isComplete && this.#deps.box.usage.waiting > 0
    return Math.max(this.#lanes.size, isOpenQuestion ? 1 : 0)
  }

  /** Messages that were sent and not acknowledged. */
  get sentCount(): number {
    let count = 0
    for (const { items } of this.#lanes.values()) count += items.filter(({ attempt }) => attempt !== undefined).length
    return count
  }

  /** A message is being stored: sent at once where nothing waits before it. */
  add(entry: NewEntry): void {
    const lane = this.#lane(entry.lane)
    if (lane.hasMore || lane.isLoading || lane.items.length >= MAX_KEPT) lane.hasMore = true
    else replaceOrAppend(lane, { entry, attempts: 0, attempt: undefined, sentAt: 0 })
    this.#turn(lane)
  }

  /** They are to leave the outbox: not sent from memory, unless they are being sent. */
  withdraw(keys: ReadonlySet<string>): void {
    for (const lane of this.#lanes.values()) {
      const withdrawn = lane.items.filter(({ entry, attempt }) => attempt === undefined && keys.has(entry.key))
      for (const item of withdrawn) this.#take(lane, item)
      // Should they stay after all, the database has them.
      lane.hasMore ||= withdrawn.length > 0
      this.#turn(lane)
    }
  }

  /** It could not be stored. One that is being sent has this one attempt; one that arrived needs no more. */
  notStored(entry: NewEntry, error: PartylineError): void {
    if (this.#done.has(entry.key)) return
    const item = this.#lanes.get(entry.lane)?.items.find(({ entry: { key } }) => key === entry.key)
    if (item?.attempt !== undefined) item.notStored = error
    else {
      this.withdraw(new Set([entry.key]))
      this.#deps.failed(entry.key, error)
    }
  }

  /** It is in the database, behind what is in memory. */
  stored({ lane }: Pick<NewEntry, 'lane'>): void {
    const known = this.#lane(lane)
    known.hasMore = true
    this.#turn(known)
  }

  /** Somebody else may have sent or stored something: nothing in memory is to be relied on. */
  async reload(): Promise<void> {
    this.#isComplete = false
    for (const lane of this.#lanes.values()) {
      lane.items.splice(0, lane.items.length, ...lane.items.filter(({ attempt }) => attempt !== undefined))
      lane.hasMore = true
    }
    for (const { lane } of await this.#deps.box.lanes('message')) this.#lane(lane).hasMore = true
    this.#isComplete = true
    this.turn()
  }

  /** The line is open, or the right to send has come. */
  turn(): void {
    for (const lane of this.#lanes.values()) this.#turn(lane)
  }

  /**
   * Whether what was sent has arrived nobody knows: it is sent again, under the same key.
   * @param isUnexplained nobody has said why; it may be for a message
   */
  connectionLost(isUnexplained: boolean): void {
    const now = this.#deps.host.now()
    for (const lane of this.#lanes.values())
      for (const item of lane.items.filter(({ attempt }) => attempt !== undefined)) {
        this.#unsent(lane, item)
        if (!isUnexplained || item.notStored !== undefined) continue
        const error = this.#suspects.connectionLost(lane, item, now)
        if (error !== undefined) this.#bury(lane, item, error)
      }
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane = newLane(name, !this.#isComplete)
    this.#lanes.set(name, lane)
    this.#deps.changed()
    return lane
  }

  #turn(lane: Lane): void {
    const { host, isOpen, maySend, policy, expire } = this.#deps
    if (!isOpen() || !maySend()) return
    for (;;) {
      const step = nextStep(lane, host.now(), policy.maxUnderWay)
      if (step.type === 'send' && isLate(step.item, host.wallClock())) return expire()
      else if (step.type === 'send' && this.#isHeldBack(lane)) return
      else if (step.type === 'send') this.#send(lane, step.item)
      else if (step.type === 'load') return void this.#load(lane)
      else if (step.type === 'done') return this.#close(lane)
      else return this.#wake(lane)
    }
  }

  #isHeldBack(lane: Lane): boolean {
    return this.#suspects.isHolding && !this.#suspects.mayGo(lane, this.#deps.host.now(), this.sentCount)
  }

  #close(lane: Lane): void {
    lane.cancelTimer()
    this.#suspects.closed(lane)
    this.#lanes.delete(lane.name)
    this.#deps.emptied(lane.name)
    this.#deps.changed()
  }

  #wake(lane: Lane): void {
    const { host } = this.#deps
    lane.cancelTimer()
    const ms = lane.notBefore - host.now()
    lane.cancelTimer = ms > 0 ? host.setTimer(ms, () => this.#turn(lane)) : () => {}
  }

  async #load(lane: Lane): Promise<void> {
    const { box, host } = this.#deps
    lane.isLoading = true
    lane.hasMore = false
    try {
      const entries = await box.head('message', lane.name, LOAD_COUNT)
      const unsent = entries.filter(({ key }) => !this.#done.has(key))
      for (const entry of unsent) lane.items.push({ entry, attempts: entry.attempts, attempt: undefined, sentAt: 0 })
      if (entries.length === LOAD_COUNT) lane.hasMore = true
      // They could not be taken out.
      const stuck = entries.filter(({ key }) => this.#stuck.has(key))
      for (const { key } of stuck) this.#takeOut(key)
      if (stuck.length > 0 && unsent.length === 0) this.#backOff(lane)
    } catch (error) {
      host.reportError(error)
      lane.hasMore = true
      this.#backOff(lane)
    }
    lane.isLoading = false
    this.#turn(lane)
  }

  #send(lane: Lane, item: Item): void {
    const { box, host, policy, send } = this.#deps
    const { key, body } = item.entry
    const attempt = new AbortController()
    const { signal } = attempt
    item.attempt = attempt
    item.sentAt = host.now()
    box.sending.add(key)
    const cancelTimeout = host.setTimer(policy.ackTimeoutMs, () =>
      attempt.abort(new UpstreamError('network', `no acknowledgement within ${policy.ackTimeoutMs} ms`)),
    )
    const settle = (then: () => void): void => {
      cancelTimeout()
      // The connection was lost since, or the time was up.
      if (item.attempt !== attempt) return
      item.attempt = undefined
      const mayAllGo = this.#suspects.isHolding
      then()
      if (mayAllGo) this.turn()
      else this.#turn(lane)
    }
    signal.addEventListener('abort', () => settle(() => this.#failed(lane, item, signal.reason)))
    handOver(() => send(body as MessageBody, key, signal)).then(
      reply => settle(() => this.#acknowledged(lane, item, reply)),
      (error: unknown) => settle(() => this.#failed(lane, item, error)),
    )
  }

  #acknowledged(lane: Lane, item: Item, reply: unknown): void {
    const { acknowledged } = this.#deps
    const { key } = item.entry
    lane.failures = 0
    this.#take(lane, item)
    this.#done.add(key)
    acknowledged(key, reply)
    this.#takeOut(key)
  }

  #takeOut(key: string): void {
    const { box, host, left } = this.#deps
    this.#stuck.delete(key)
    box
      .acknowledged(key)
      .then(
        () => {
          this.#done.delete(key)
          left()
        },
        (error: unknown) => {
          this.#stuck.add(key)
          host.reportError(error)
        },
      )
      .finally(() => box.sending.delete(key))
  }

  #failed(lane: Lane, item: Item, error: unknown): void {
    const { box, host, isOpen, policy } = this.#deps
    const cause = toUpstreamError(error)
    if (error instanceof PartylineError) return this.#bury(lane, item, error)
    if (cause.kind === 'refused') return this.#bury(lane, item, rejected(cause))
    this.#unsent(lane, item)
    // The end of the connection is nobody's failure.
    if (!isOpen() || item.notStored !== undefined) return
    this.#backOff(lane, cause.retryAfterMs)
    if (++item.attempts >= policy.maxAttempts) return this.#bury(lane, item, inVain(item.attempts, cause))
    box.attempted(item.entry.key).catch(host.reportError)
  }

  /** To be sent again, where it is stored. */
  #unsent(lane: Lane, item: Item): void {
    const { box, failed } = this.#deps
    const { attempt } = item
    item.attempt = undefined
    attempt?.abort(new UpstreamError('network', 'the connection was lost'))
    box.sending.delete(item.entry.key)
    if (item.notStored === undefined) return
    this.#take(lane, item)
    failed(item.entry.key, item.notStored)
  }

  #bury(lane: Lane, item: Item, error: PartylineError): void {
    const { box, host, failed } = this.#deps
    const { key } = item.entry
    this.#take(lane, item)
    lane.failures = 0
    const why = error.code === 'unconfirmed' ? 'unconfirmed' : 'rejected'
    box
      .bury(key, why, toWireError(error))
      .then(
        () => failed(key, error),
        (problem: unknown) => {
          host.reportError(problem)
          this.#comesBack(lane.name)
        },
      )
      .finally(() => box.sending.delete(key))
  }

  /** It waits still, where it was. */
  #comesBack(name: string): void {
    const lane = this.#lane(name)
    lane.items.splice(0, lane.items.length, ...lane.items.filter(({ attempt }) => attempt !== undefined))
    lane.hasMore = true
    this.#backOff(lane)
    this.#turn(lane)
  }

  #take(lane: Lane, item: Item): void {
    const index = lane.items.indexOf(item)
    if (index >= 0) lane.items.splice(index, 1)
    this.#suspects.clear(item)
  }

  /** What was sent together and fails together is one failure. */
  #backOff(lane: Lane, retryAfterMs = 0): void {
    const { host, policy } = this.#deps
    const { retryBaseMs: baseMs, retryMaxMs: maxMs } = policy
    const now = host.now()
    const isFirst = lane.notBefore <= now
    if (isFirst) lane.failures++
    const delay = isFirst && retryAfterMs === 0 ? fullJitter(lane.failures, host.random(), { baseMs, maxMs }) : 0
    lane.notBefore = Math.max(lane.notBefore, now + retryAfterMs, now + delay)
  }
}

/** In the place of a waiting one that it replaces, as the database does it. */
function replaceOrAppend({ items }: Lane, item: Item): void {
  const { coalesce } = item.entry
  const index =
    coalesce === undefined
      ? -1
      : items.findIndex(({ entry, attempt }) => attempt === undefined && entry.coalesce === coalesce)
  if (index < 0) items.push(item)
  else items[index] = item
}

function isLate({ entry: { expiresAt } }: Item, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

/** What cannot be handed over at all rejects, too. */
async function handOver(send: () => Promise<unknown>): Promise<unknown> {
  return send()
}

function rejected({ message, details }: UpstreamError): PartylineError {
  return new PartylineError('rejected', `the server refused the message: ${message}`, { details })
}

function inVain(attempts: number, { message }: UpstreamError): PartylineError {
  return new PartylineError(
    'unconfirmed',
    `the message was sent ${attempts} times, and nobody knows whether it arrived: ${message}`,
  )
}
