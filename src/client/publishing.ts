import { deferred, type Deferred } from '../lib/index.ts'
import { fromWireError, PartylineError, type Durable, type PublishOp, type ReceiptNotice } from '../protocol/index.ts'
import type { Asked, Asking } from './asking.ts'
import { retryable } from './retryable.ts'

/** A message on its way. */
export interface Sending {
  readonly id: number
  /** Resolves when it was stored, or sent where it is not to be stored. */
  readonly safe: Promise<void>
  /** Resolves with the server's reply, or rejects with what became of the message instead. */
  readonly settled: Promise<unknown>
  /** Nobody waits for it any more. */
  cancel(): void
}

interface Pending extends Asked {
  op: PublishOp
  readonly safe: Deferred<void>
  readonly settled: Deferred<unknown>
  isSafe: boolean
  /** How often it was asked again. One that no broker survives, or can read, must not go round for ever. */
  tries: number
  /** A second broker was asked. */
  isHandedOver: boolean
  timer?: ReturnType<typeof setTimeout>
}

const MAX_TRIES = 8
/** How long what a broker had may stay unknown while there is no other. */
const ORPHANED_MS = 20_000

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

  /** @throws PartylineError `invalid-payload` */
  send(channel: string, event: string, payload: unknown, timeoutMs = 10_000, durable?: Durable): Sending {
    const id = ++this.#lastId
    const pending: Pending = {
      op: { op: 'publish', id, channel, event, payload: snapshot(payload), timeoutMs, durable },
      failed: error => this.#fail(id, error),
      safe: deferred(),
      settled: deferred(),
      isSafe: false,
      tries: 0,
      isHandedOver: false,
      // The broker keeps the time of what it has; here it is kept for what no broker has heard of.
      timer: setTimeout(() => {
        if (this.#asking.isWaiting(pending)) this.#fail(id, retryable('not-sent', `no broker within ${timeoutMs} ms`))
        else if (!this.#isAttached) this.#fail(id, unconfirmed())
      }, timeoutMs),
    }
    this.#pending.set(id, pending)
    this.#asking.ask(pending)
    const [safe, settled] = [pending.safe.promise, pending.settled.promise]
    for (const promise of [safe, settled]) promise.catch(() => {})
    return {
      id,
      safe,
      settled,
      cancel: () => {
        const isWaiting = this.#asking.isWaiting(pending)
        if (this.#take(id) && !isWaiting) this.#asking.ask({ op: { op: 'signal', signal: 'cancel', id } })
      },
    }
  }

  receipt({ id, stage, reply, error, outbox }: ReceiptNotice): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    const { op } = pending
    if (stage === 'failed') return this.#fail(id, fromWireError(error))
    // One that is to be stored, and cannot be, is safe when it has arrived.
    if (stage === 'sent' && op.durable) return
    pending.isSafe = true
    clearTimeout(pending.timer)
    pending.safe.resolve()
    // What is stored need not be kept here, too: another broker is only asked what has become of it.
    if (op.durable && outbox) pending.op = { ...op, payload: undefined, durable: { key: op.durable.key, outbox } }
    if (stage === 'acknowledged') this.#take(id)?.settled.resolve(reply)
  }

  detached(): void {
    this.#isAttached = false
    clearTimeout(this.#orphaned)
    this.#orphaned = setTimeout(() => {
      for (const [id, pending] of this.#pending)
        if (!this.#asking.isWaiting(pending) && !pending.op.durable?.outbox) this.#fail(id, unconfirmed())
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
      const { op, isSafe, isHandedOver } = pending
      if (this.#asking.isWaiting(pending) || (isSafe && isSameSession && !op.durable)) continue
      const isLost = !op.durable && (isSafe || (!isSameSession && (isSameBroker || isHandedOver)))
      if (isLost || (!isSafe && ++pending.tries > MAX_TRIES)) this.#fail(id, unconfirmed())
      else {
        pending.isHandedOver ||= !isSameSession
        if (op.durable) pending.op = { ...op, durable: { ...op.durable, again: true } }
        again.push(pending)
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
    pending?.settled.reject(error)
  }

  /** The first who takes it settles it. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending) {
      this.#asking.withdraw(pending)
      clearTimeout(pending.timer)
    }
    this.#pending.delete(id)
    return pending
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
  return retryable('unconfirmed', 'the broker went before it told')
}
