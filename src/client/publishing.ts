import { deferred, type Deferred } from '../lib/index.ts'
import { fromWireError, PartylineError, type ErrorCode, type PublishOp, type ReceiptNotice } from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { Asked, Asking } from './asking.ts'
import { randomId } from './random-id.ts'
import type { PublishOptions, Receipt, Settled } from './types.ts'

interface Pending {
  readonly asked: Asked
  op: PublishOp
  /** It was stored, or sent where it is not to be stored. */
  readonly safe: Deferred<Receipt>
  readonly settled: Deferred<Settled>
  isSafe: boolean
  /** How often it was asked again. One that no broker survives, or can read, must not go round for ever. */
  tries: number
  /** A second broker was asked. */
  isHandedOver: boolean
}

const MAX_TRIES = 8
/** How long what a broker had may stay unknown while there is no other. */
const ORPHANED_MS = 20_000

const OUTCOMES: { readonly [code in ErrorCode]?: Exclude<Settled['outcome'], 'acknowledged'> } = {
  rejected: 'rejected',
  expired: 'expired',
  dropped: 'dropped',
  replaced: 'dropped',
}

/** What this tab has published and nobody has settled yet. */
export class Publishing {
  readonly #asking: Asking
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #isAttached = false
  #orphaned: ReturnType<typeof setTimeout> | undefined

  constructor(asking: Asking) {
    this.#asking = asking
  }

  async publish(channel: string, event: string, payload: unknown, options: PublishOptions = {}): Promise<Receipt> {
    refuseUnknown(options)
    const { signal, timeoutMs = 10_000, durable = true, key, lane, ttlMs, coalesce } = options
    signal?.throwIfAborted()
    const id = ++this.#lastId
    const op: PublishOp = {
      op: 'publish',
      id,
      channel,
      event,
      payload: snapshot(payload),
      timeoutMs,
      // Under a key of the app's own it may be stored already.
      durable: durable
        ? { key: key ?? randomId(), lane, ttlMs, coalesce, again: key === undefined ? undefined : true }
        : undefined,
    }
    const asked = this.#asking.ask(op, error => this.#fail(id, error))
    const safe = deferred<Receipt>()
    this.#pending.set(id, { asked, op, safe, settled: deferred(), isSafe: false, tries: 0, isHandedOver: false })
    // The broker keeps the time of what it has; here it is kept for what no broker has heard of.
    const timer = setTimeout(() => {
      if (asked.waiting) this.#fail(id, lost('not-sent', `no broker within ${timeoutMs} ms`))
      else if (!this.#isAttached) this.#fail(id, unconfirmed())
    }, timeoutMs)
    try {
      return await abortable([signal], () => safe.promise)
    } catch (error) {
      if (this.#take(id) && !asked.waiting) this.#asking.ask({ op: 'signal', signal: 'cancel', id })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  receipt({ id, stage, reply, error, outbox }: ReceiptNotice): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    const { asked, op, safe, settled } = pending
    if (stage === 'failed') return this.#fail(id, fromWireError(error))
    // One that is to be stored, and cannot be, is safe when it has arrived.
    if (stage === 'sent' && op.durable) return
    pending.isSafe = true
    safe.resolve({ id, key: op.durable?.key, settled: settled.promise })
    // What is stored need not be kept here, too: another broker is only asked what has become of it.
    if (op.durable && outbox)
      pending.op = asked.op = { ...op, payload: undefined, durable: { key: op.durable.key, outbox } }
    if (stage === 'acknowledged') this.#take(id)?.settled.resolve({ outcome: stage, reply })
  }

  detached(): void {
    this.#isAttached = false
    clearTimeout(this.#orphaned)
    this.#orphaned = setTimeout(() => {
      for (const [id, { asked, op }] of this.#pending)
        if (!asked.waiting && !op.durable?.outbox) this.#fail(id, unconfirmed())
    }, ORPHANED_MS)
  }

  /**
   * There is a broker again. What is stored it finds in the outbox, and is asked what has become of it, also in the same
   * session: nobody knows whether it was asked there before. Of the rest the same session will tell what became of each
   * message, and takes those that it has not heard of. Another one is asked for what is to be stored under the same key,
   * and for what is not to be stored if the earlier broker had not said that it was sent; what was sent and not settled
   * may have arrived or not.
   */
  attached(isSameSession: boolean, isSameBroker: boolean): void {
    this.#isAttached = true
    clearTimeout(this.#orphaned)
    const again: Asked[] = []
    for (const [id, pending] of this.#pending) {
      const { asked, op, isSafe, isHandedOver } = pending
      if (asked.waiting || (isSafe && isSameSession && !op.durable)) continue
      const isLost = !op.durable && (isSafe || (!isSameSession && (isSameBroker || isHandedOver)))
      if (isLost || (!isSafe && ++pending.tries > MAX_TRIES)) this.#fail(id, unconfirmed())
      else {
        pending.isHandedOver ||= !isSameSession
        asked.op = op.durable ? { ...op, durable: { ...op.durable, again: true } } : op
        again.push(asked)
      }
    }
    this.#asking.askAgain(again)
  }

  /** The line is closed: nothing more will be heard. */
  close(error: PartylineError): void {
    clearTimeout(this.#orphaned)
    for (const id of this.#pending.keys()) this.#fail(id, error)
  }

  #fail(id: number, error: PartylineError): void {
    const pending = this.#take(id)
    pending?.safe.reject(error)
    pending?.settled.resolve({ outcome: OUTCOMES[error.code] ?? 'unconfirmed', error })
  }

  /** The first who takes it settles it. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending) this.#asking.withdraw(pending.asked)
    this.#pending.delete(id)
    return pending
  }
}

const OPTIONS: { readonly [option in keyof Required<PublishOptions>]: string } = {
  signal: 'object',
  timeoutMs: 'number',
  durable: 'boolean',
  key: 'string',
  lane: 'string',
  ttlMs: 'number',
  coalesce: 'string',
}

function refuseUnknown(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const wanted = OPTIONS[name as keyof PublishOptions] as string | undefined
    if (!wanted || (value !== undefined && typeof value !== wanted))
      throw new PartylineError('bad-options', `publish: ${name} is ${wanted ? `a ${wanted}` : 'no option'}`)
  }
}

/** What was published is what the payload is now, whatever the caller does to it later. */
function snapshot(payload: unknown): unknown {
  try {
    return structuredClone(payload)
  } catch (cause) {
    throw new PartylineError('invalid-payload', 'the payload cannot be cloned', { cause })
  }
}

function unconfirmed(): PartylineError {
  return lost('unconfirmed', 'the broker went before it told')
}

function lost(code: 'not-sent' | 'unconfirmed', message: string): PartylineError {
  return new PartylineError(code, message, { retryable: true })
}
