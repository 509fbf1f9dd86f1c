import { deferred, type Deferred } from '../lib/index.ts'
import { fromWireError, PartylineError, type ReceiptNotice } from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { Asked, Asking } from './asking.ts'
import type { Receipt, SendOptions, Settled } from './types.ts'

interface Pending {
  readonly asked: Asked
  readonly sent: Deferred<Receipt>
  readonly settled: Deferred<Settled>
  isSent: boolean
  /** How often it was asked again. One that no broker survives, or can read, must not go round for ever. */
  tries: number
  /** A second broker was asked. */
  isHandedOver: boolean
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

  async publish(channel: string, event: string, payload: unknown, options: SendOptions = {}): Promise<Receipt> {
    const { signal, timeoutMs = 10_000 } = options
    signal?.throwIfAborted()
    const id = ++this.#lastId
    const asked = this.#asking.ask(
      { op: 'publish', id, channel, event, payload: snapshot(payload), timeoutMs },
      error => this.#fail(id, error),
    )
    const sent = deferred<Receipt>()
    this.#pending.set(id, { asked, sent, settled: deferred(), isSent: false, tries: 0, isHandedOver: false })
    // The broker keeps the time of what it has; here it is kept for what no broker has heard of.
    const timer = setTimeout(() => {
      if (asked.waiting) this.#fail(id, lost('not-sent', `no broker within ${timeoutMs} ms`))
      else if (!this.#isAttached) this.#fail(id, unconfirmed())
    }, timeoutMs)
    try {
      return await abortable([signal], () => sent.promise)
    } catch (error) {
      if (this.#take(id) && !asked.waiting) this.#asking.ask({ op: 'signal', signal: 'cancel', id })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  receipt({ id, stage, reply, error }: ReceiptNotice): void {
    const pending = this.#pending.get(id)
    if (stage === 'failed') this.#fail(id, fromWireError(error))
    else if (stage === 'sent') {
      if (!pending) return
      pending.isSent = true
      pending.sent.resolve({ id, settled: pending.settled.promise })
    } else this.#take(id)?.settled.resolve({ outcome: 'acknowledged', reply })
  }

  detached(): void {
    this.#isAttached = false
    clearTimeout(this.#orphaned)
    this.#orphaned = setTimeout(() => {
      for (const [id, { asked }] of this.#pending) if (!asked.waiting) this.#fail(id, unconfirmed())
    }, ORPHANED_MS)
  }

  /**
   * There is a broker again. The same session will tell what became of each message, and takes those that it has not
   * heard of. Another broker is asked for those of which the earlier one had not said that they were sent; what was
   * sent and not settled may have arrived or not.
   */
  attached(isSameSession: boolean, isSameBroker: boolean): void {
    this.#isAttached = true
    clearTimeout(this.#orphaned)
    const again: Asked[] = []
    for (const [id, pending] of this.#pending) {
      const { asked, isSent, isHandedOver } = pending
      if (asked.waiting || (isSent && isSameSession)) continue
      if (isSent || ++pending.tries > MAX_TRIES || (!isSameSession && (isSameBroker || isHandedOver)))
        this.#fail(id, unconfirmed())
      else {
        pending.isHandedOver ||= !isSameSession
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
    pending?.sent.reject(error)
    pending?.settled.resolve({ outcome: error.code === 'rejected' ? 'rejected' : 'unconfirmed', error })
  }

  /** The first who takes it settles it. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending) this.#asking.withdraw(pending.asked)
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
  return lost('unconfirmed', 'the broker went before it told')
}

function lost(code: 'not-sent' | 'unconfirmed', message: string): PartylineError {
  return new PartylineError(code, message, { retryable: true })
}
