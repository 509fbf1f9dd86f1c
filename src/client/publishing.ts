import { deferred } from '../lib/index.ts'
import { fromWireError, PartylineError, type ReceiptNotice } from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { Asked, Asking } from './asking.ts'
import type { Receipt, SendOptions, Settled } from './types.ts'

interface Pending {
  readonly asked: Asked
  /** It left the broker for the server. */
  sent(): void
  acknowledged(reply: unknown): void
  failed(error: PartylineError): void
}

/** What this tab has published and nobody has settled yet. */
export class Publishing {
  readonly #asking: Asking
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(asking: Asking) {
    this.#asking = asking
  }

  async publish(channel: string, event: string, payload: unknown, options: SendOptions = {}): Promise<Receipt> {
    const { signal, timeoutMs = 10_000 } = options
    signal?.throwIfAborted()
    const id = ++this.#lastId
    const sent = deferred<Receipt>()
    const settled = deferred<Settled>()
    const asked = this.#asking.ask(
      { op: 'publish', id, channel, event, payload: snapshot(payload), timeoutMs },
      error => this.#fail(id, error),
    )
    // The broker keeps the time of what it has; here it is kept for what no broker has heard of.
    const timer = setTimeout(() => asked.waiting && this.#fail(id, notSent(timeoutMs)), timeoutMs)
    this.#pending.set(id, {
      asked,
      sent: () => sent.resolve({ id, settled: settled.promise }),
      acknowledged: reply => settled.resolve({ outcome: 'acknowledged', reply }),
      failed(error) {
        sent.reject(error)
        settled.resolve({ outcome: error.code === 'rejected' ? 'rejected' : 'unconfirmed', error })
      },
    })
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
    if (stage === 'sent') this.#pending.get(id)?.sent()
    else if (stage === 'failed') this.#fail(id, fromWireError(error))
    else this.#take(id)?.acknowledged(reply)
  }

  /** The broker is gone: what it had and did not settle may have been sent or not. */
  detached(): void {
    for (const [id, { asked }] of this.#pending)
      if (!asked.waiting)
        this.#fail(id, new PartylineError('unconfirmed', 'the broker went before it was settled', { retryable: true }))
  }

  /** The line is closed: nothing more will be heard. */
  close(error: PartylineError): void {
    for (const id of this.#pending.keys()) this.#fail(id, error)
  }

  #fail(id: number, error: PartylineError): void {
    this.#take(id)?.failed(error)
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

function notSent(timeoutMs: number): PartylineError {
  return new PartylineError('not-sent', `no broker took the message within ${timeoutMs} ms`, { retryable: true })
}
