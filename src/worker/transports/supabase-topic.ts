import { deferred, type Deferred } from '../../lib/index.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import { Audience, type AudienceDeps, type Listener } from './supabase-audience.ts'
import { toChannelEnd, toJoinError, toRefusal } from './supabase-causes.ts'
import { toText, type Fields, type ServerFrame } from './supabase-frames.ts'
import { isCovered, merge, toChangeIds, toJoinConfig, type Plan } from './supabase-merging.ts'
import { Sending, type Join, type SendingDeps, type TopicMessage } from './supabase-sending.ts'
import type { Wish } from './supabase-wish.ts'

export interface TopicDeps extends AudienceDeps, SendingDeps {
  readonly joinTimeoutMs: number
  token(): string | undefined
  channelLost(channel: string, error: UpstreamError): void
  /** With the present token no channel can be joined. */
  tokenRefused(error: UpstreamError): void
  tokenTaken(): void
  malformed(kind: string, detail: string): void
  /** Nobody wants the topic any more; nothing is called after this. */
  left(): void
}

export type TopicFrame = Exclude<ServerFrame, { kind: 'malformed' }>

/** Who wants the topic: a channel, or something to be sent, for as long as that takes. */
interface Holder {
  readonly channel: string | undefined
  readonly wish: Wish
  isJoined: boolean
  joined(): void
  failed(error: UpstreamError): void
}

interface Attempt {
  readonly ref: string
  readonly plan: Plan
  readonly holders: readonly Holder[]
  readonly token: string | undefined
  readonly timer: ReturnType<typeof setTimeout>
}

/** So many rows that nobody wants any more are worth an interruption for the others. */
const ROWS_IN_VAIN = 100

/**
 * One topic on one connection, and the one join in which all that tabs want of it is had. When the wishes change, it is
 * joined anew if the join does not cover them; whoever was there before hears that nobody knows what was missed.
 */
export class Topic {
  readonly #deps: TopicDeps
  readonly #holders = new Set<Holder>()
  readonly #audience: Audience
  readonly #sending: Sending
  #join: Join | undefined
  #attempt: Attempt | undefined
  /** Of the join that the server may know of. */
  #serverRef: string | undefined
  /** A wish of several is bad, and the server does not say which. */
  #isOneByOne = false
  #isScheduled = false
  #isOver = false
  #areRowsBroken = false
  /** The server has taken the join, and does not send rows yet. */
  #awaitsRows = false
  /** What the server has said of the rows of this join, the last time. */
  #rowsTold: Deferred<Fields> = rowsUntold()
  #hasHeardOfRows = false
  /** The last that the server has said of why it ends the channel. */
  #words: string | undefined

  constructor(deps: TopicDeps) {
    this.#deps = deps
    this.#audience = new Audience(() => this.#listeners(), deps)
    this.#sending = new Sending(deps, this.#audience)
  }

  /** Resolves when the channel gets all that it wants. */
  join(channel: string, wish: Wish, signal: AbortSignal): Promise<void> {
    this.#release(channel)
    return this.#hold(channel, wish, signal).joined
  }

  leave(channel: string): void {
    this.#changeStates(own => own.drop(channel))
    this.#release(channel)
  }

  /** As {@link TransportLink.publish}. */
  publish(message: TopicMessage, wish: Wish, signal: AbortSignal): Promise<unknown> {
    return this.#use(wish, signal, join => this.#sending.broadcast(join, message, wish, signal))
  }

  track(channel: string, tab: string, state: object, wish: Wish): Promise<void> {
    this.#sending.own.set(channel, tab, state)
    return this.#use(wish, undefined, join => this.#sending.track(join, state))
  }

  untrack(channel: string, tab: string): void {
    this.#changeStates(own => own.delete(channel, tab))
  }

  /** Resolves when the server has answered to what it was told last of this browser's tabs. */
  get stateTold(): Promise<unknown> {
    return this.#sending.stateTold
  }

  /** Resolves with what the server says of this join's row changes, or has said last. */
  get rowsTold(): Promise<Fields> {
    return this.#rowsTold.promise
  }

  renew(token: string): void {
    if (this.#join !== undefined) this.#sending.trySend('access_token', { access_token: token }, this.#join.ref)
  }

  take(frame: TopicFrame): void {
    switch (frame.kind) {
      case 'reply':
        return frame.ref === this.#attempt?.ref
          ? this.#answered(this.#attempt, frame)
          : this.#sending.answered(frame.ref, frame.isOk, frame.response)
      case 'ended':
        return this.#ended(frame)
      case 'system':
        return this.#heardSystem(frame)
      case 'broadcast':
      case 'rows':
        this.#audience.hear(frame)
        if (this.#audience.rowsInVain === ROWS_IN_VAIN) this.#schedule()
        return
      case 'presence-state':
      case 'presence-diff':
        if (this.#join?.plan.wantsPresence === true) this.#audience.see(frame)
    }
  }

  /** The connection is gone. */
  end(error: UpstreamError): void {
    this.#isOver = true
    clearTimeout(this.#attempt?.timer)
    this.#sending.fail(error)
    this.#rowsTold.reject(error)
    for (const holder of this.#holders) if (!holder.isJoined) holder.failed(error)
    this.#holders.clear()
  }

  #hold(
    channel: string | undefined,
    wish: Wish,
    signal: AbortSignal | undefined,
  ): { readonly joined: Promise<void>; release(): void } {
    const answer = deferred<void>()
    const holder: Holder = { channel, wish, isJoined: false, joined: answer.resolve, failed: answer.reject }
    const abort = (): void => this.#drop(holder, toUpstreamError(signal?.reason))
    this.#holders.add(holder)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    this.#schedule()
    const joined = answer.promise.finally(() => signal?.removeEventListener('abort', abort))
    return { joined, release: () => this.#drop(holder) }
  }

  /** Runs what needs the join: at once where it stands, otherwise when it does, one after the other. */
  #use<T>(wish: Wish, signal: AbortSignal | undefined, run: (join: Join) => Promise<T>): Promise<T> {
    const need = { ...wish, changes: [], wantsPresence: false }
    const join = this.#standing(need)
    if (join !== undefined) return run(join)
    const { joined, release } = this.#hold(undefined, need, signal)
    return joined
      .then(() => {
        if (this.#join === undefined) throw new UpstreamError('network', 'the channel is gone')
        return run(this.#join)
      })
      .finally(release)
  }

  #standing(need: Wish): Join | undefined {
    if (this.#attempt !== undefined || [...this.#holders].some(({ isJoined }) => !isJoined)) return undefined
    // Those that wait to be run have waited longer.
    if ([...this.#holders].some(({ channel }) => channel === undefined)) return undefined
    return this.#join && isCovered(merge([{ wish: need }]).plan, this.#join.plan) ? this.#join : undefined
  }

  #release(channel: string): void {
    for (const holder of this.#holders)
      if (holder.channel === channel) this.#drop(holder, new UpstreamError('network', 'the channel is wanted no more'))
  }

  #drop(holder: Holder, error?: UpstreamError): void {
    if (!this.#holders.delete(holder)) return
    if (!holder.isJoined && error !== undefined) holder.failed(error)
    this.#schedule()
  }

  /** Wishes that come and go together are met together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isOver) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (!this.#isOver && this.#attempt === undefined) this.#settle()
    })
  }

  #settle(): void {
    if (this.#holders.size === 0) return this.#leaveServer()
    const { plan, holders, refused } = merge(this.#next())
    for (const { holder, reason } of refused) this.#drop(holder, new UpstreamError('refused', reason))
    if (this.#join === undefined || !isCovered(plan, this.#join.plan) || this.#isWasteful(plan, this.#join.plan))
      return this.#begin(plan, holders)
    this.#accept(holders)
    this.#goOn()
  }

  /** Those who have it come first, for what contradicts them is refused. */
  #next(): readonly Holder[] {
    const all = [...this.#holders].toSorted((a, b) => Number(b.isJoined) - Number(a.isJoined))
    return this.#isOneByOne ? all.slice(0, all.filter(({ isJoined }) => isJoined).length + 1) : all
  }

  #isWasteful(wanted: Plan, had: Plan): boolean {
    return this.#audience.rowsInVain >= ROWS_IN_VAIN && had.changes.length > wanted.changes.length
  }

  #begin(plan: Plan, holders: readonly Holder[]): void {
    const [ref, token] = [this.#deps.nextRef(), this.#deps.token()]
    const { joinTimeoutMs } = this.#deps
    const timer = setTimeout(
      () => this.#failed(new UpstreamError('network', `no answer to the join within ${joinTimeoutMs} ms`)),
      joinTimeoutMs,
    )
    this.#attempt = { ref, plan, holders, token, timer }
    this.#serverRef = ref
    const payload = { config: toJoinConfig(plan), ...(token === undefined ? {} : { access_token: token }) }
    try {
      this.#deps.send('phx_join', payload, ref, ref)
    } catch (error) {
      this.#failed(toUpstreamError(error))
    }
  }

  #answered({ ref, plan, token, holders }: Attempt, { isOk, response }: Extract<TopicFrame, { kind: 'reply' }>): void {
    if (!isOk) {
      this.#serverRef = undefined
      return this.#failed(toJoinError(toText(response['reason'])))
    }
    const changeIds = toChangeIds(plan, response['postgres_changes'])
    if (changeIds === undefined) {
      this.#deps.malformed('phx_reply', 'the row changes are not those that were asked for')
      return this.#failed(new UpstreamError('network', 'the server has answered something else than was asked'))
    }
    this.#join = { ref, plan }
    this.#audience.prepare(changeIds)
    this.#words = undefined
    this.#deps.tokenTaken()
    const current = this.#deps.token()
    if (current !== undefined && current !== token) this.renew(current)
    this.#rowsTold.reject(new UpstreamError('network', 'the topic is joined anew'))
    this.#rowsTold = rowsUntold()
    this.#hasHeardOfRows = false
    if (holders.some(({ wish }) => wish.changes.length > 0 && wish.face?.waits !== false)) this.#awaitsRows = true
    else this.#completed()
  }

  /** All that was asked for with the join flows. */
  #completed(): void {
    const { holders = [], timer } = this.#attempt ?? {}
    clearTimeout(timer)
    this.#attempt = undefined
    this.#areRowsBroken = false
    this.#awaitsRows = false
    this.#audience.interrupted()
    if (this.#join !== undefined && this.#sending.own.last !== undefined) this.#sending.tellState(this.#join)
    this.#accept(holders)
    this.#audience.begin()
    this.#goOn()
  }

  #accept(holders: readonly Holder[]): void {
    for (const holder of holders) {
      if (holder.isJoined || !this.#holders.has(holder)) continue
      holder.isJoined = true
      holder.joined()
      const { channel, wish } = holder
      if (channel !== undefined) this.#audience.greet({ channel, wish })
    }
  }

  #goOn(): void {
    if ([...this.#holders].every(({ isJoined }) => isJoined)) this.#isOneByOne = false
    else this.#schedule()
    if (this.#holders.size === 0) this.#schedule()
  }

  #failed(error: UpstreamError): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    const isAboutRows = this.#awaitsRows && error.kind === 'refused'
    clearTimeout(attempt.timer)
    this.#attempt = undefined
    this.#awaitsRows = false
    this.#audience.drop()
    this.#join = undefined
    const waiting = attempt.holders.filter(holder => !holder.isJoined && this.#holders.has(holder))
    if (isAboutRows && waiting.length > 1) {
      this.#isOneByOne = true
      return this.#schedule()
    }
    for (const holder of waiting) this.#drop(holder, error)
    if (!isAboutRows || waiting.length === 0)
      this.#lose(error.kind === 'refused' && isAboutRows ? toPassing(error) : error)
    this.#schedule()
    // The app behind a face hears of it, and gives another when it has one.
    const isAwaited = attempt.holders.some(({ wish }) => wish.face === undefined)
    if (error.kind === 'credentials' && attempt.token === this.#deps.token() && isAwaited)
      this.#deps.tokenRefused(error)
  }

  /** Whoever had it has it no more. */
  #lose(error: UpstreamError, isFinal = false): void {
    this.#join = undefined
    this.#rowsTold.reject(error)
    this.#sending.fail(new UpstreamError('network', error.message))
    for (const holder of this.#holders) {
      if (!holder.isJoined) continue
      this.#holders.delete(holder)
      if (holder.channel === undefined) continue
      this.#sending.own.drop(holder.channel)
      this.#deps.channelLost(holder.channel, holder.wish.face ? toRefusal(error, { isFinal }) : error)
    }
    this.#schedule()
  }

  #ended({ joinRef, isFinal }: Extract<TopicFrame, { kind: 'ended' }>): void {
    this.#sending.fail(new UpstreamError('network', 'the channel has ended'), joinRef)
    if (joinRef !== this.#serverRef) return
    this.#serverRef = undefined
    const end = toChannelEnd(this.#words)
    this.#words = undefined
    if (this.#attempt === undefined) this.#lose(end, isFinal)
    else this.#failed(toPassing(end))
  }

  #heardSystem({ extension, isOk, words, whole }: Extract<TopicFrame, { kind: 'system' }>): void {
    if (extension !== 'postgres_changes') {
      if (!isOk) this.#words = words
      return this.#audience.system(whole)
    }
    this.#heardOfRows(whole)
    if (this.#awaitsRows) return isOk ? this.#completed() : this.#failed(toRowsError(words))
    // The server had lost the database for a while.
    if (isOk && this.#areRowsBroken) this.#audience.interrupted(wish => wish.changes.length > 0)
    this.#areRowsBroken = !isOk
  }

  /** The first word is told to those who ask, also later; those after it to all. */
  #heardOfRows(whole: Fields): void {
    if (this.#hasHeardOfRows) {
      this.#audience.system(whole)
      this.#rowsTold = rowsUntold()
    }
    this.#hasHeardOfRows = true
    this.#rowsTold.resolve(whole)
  }

  #listeners(): readonly Listener[] {
    return [...this.#holders].flatMap(({ channel, wish, isJoined }) =>
      isJoined && channel !== undefined ? [{ channel, wish }] : [],
    )
  }

  /** A larger join that is under way will be told of it. */
  #changeStates(change: (own: Sending['own']) => void): void {
    const { own } = this.#sending
    const before = own.last
    change(own)
    if (own.last !== before && this.#join !== undefined && this.#attempt === undefined)
      this.#sending.tellState(this.#join)
  }

  #leaveServer(): void {
    this.#isOver = true
    if (this.#serverRef !== undefined) this.#sending.trySend('phx_leave', {}, this.#serverRef)
    this.#deps.left()
  }
}

/** Not everybody asks. */
function rowsUntold(): Deferred<Fields> {
  const told = deferred<Fields>()
  told.promise.catch(() => {})
  return told
}

/** For those who have had it: it may be taken back. */
function toPassing(error: UpstreamError): UpstreamError {
  return error.kind === 'refused' ? new UpstreamError('network', error.message, { details: error.details }) : error
}

function toRowsError(words: string): UpstreamError {
  const error = toJoinError(words)
  return error.kind === 'credentials' ? new UpstreamError('refused', words, { details: error.details }) : error
}
