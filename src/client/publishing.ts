import { deferred, type Deferred } from '../lib/index.ts'
import { fromWireError, PartylineError, type PublishOp, type ReceiptNotice } from '../protocol/index.ts'
import type { Asking } from './asking.ts'
import type { Receipt, SendOptions, Settled } from './types.ts'

const DEFAULT_TIMEOUT_MS = 10_000

interface Pending {
  readonly sent: Deferred<Receipt>
  readonly settled: Deferred<Settled>
  readonly receipt: Receipt
  readonly timer: ReturnType<typeof setTimeout>
  /** It left for a broker. */
  posted: boolean
}

/** What this tab has published and the broker has not settled yet. */
export class Publishing {
  readonly #asking: Asking
  readonly #pending = new Map<number, Pending>()
  readonly #graceMs: number
  #lastId = 0

  /** @param graceMs how much later than the broker's own time-out a message is given up here */
  constructor(asking: Asking, graceMs: number) {
    this.#asking = asking
    this.#graceMs = graceMs
  }

  async publish(channel: string, event: string, payload: unknown, options: SendOptions = {}): Promise<Receipt> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options
    signal?.throwIfAborted()
    const id = ++this.#lastId
    const op: PublishOp = { op: 'publish', id, channel, event, payload: snapshot(payload, event), timeoutMs }
    const pending = this.#add(id, 2 * timeoutMs + this.#graceMs)
    const cancel = (): void => {
      if (!this.#take(id)) return
      this.#asking.ask({ op: 'signal', signal: 'cancel', id })
      fail(pending, signal?.reason as PartylineError)
    }
    signal?.addEventListener('abort', cancel)
    this.#asking.ask(op, {
      posted() {
        pending.posted = true
      },
      failed: error => this.#fail(id, error),
    })
    try {
      return await pending.sent.promise
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  receipt({ id, stage, reply, error }: ReceiptNotice): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    if (stage === 'failed') return this.#fail(id, fromWireError(error))
    pending.sent.resolve(pending.receipt)
    if (stage === 'sent') return
    this.#take(id)
    pending.settled.resolve({ outcome: 'acknowledged', reply })
  }

  /** The broker is gone: what it had and did not settle may have been sent or not. */
  detached(): void {
    for (const [id, { posted }] of this.#pending)
      if (posted)
        this.#fail(
          id,
          new PartylineError('unconfirmed', 'the broker went before it told what became of the message', {
            retryable: true,
          }),
        )
  }

  /** The line is closed: nothing more will be heard. */
  close(error: PartylineError): void {
    for (const id of this.#pending.keys()) this.#fail(id, error)
  }

  #add(id: number, giveUpMs: number): Pending {
    const settled = deferred<Settled>()
    const pending: Pending = {
      sent: deferred(),
      settled,
      receipt: { id, settled: settled.promise },
      timer: setTimeout(() => this.#fail(id, unanswered(giveUpMs)), giveUpMs),
      posted: false,
    }
    this.#pending.set(id, pending)
    return pending
  }

  #fail(id: number, error: PartylineError): void {
    const pending = this.#take(id)
    if (pending) fail(pending, error)
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    clearTimeout(pending?.timer)
    this.#pending.delete(id)
    return pending
  }
}

/** Rejects whoever waits for `sent`; settles the receipt of whoever has it already. */
function fail(pending: Pending, error: PartylineError): void {
  pending.sent.reject(error)
  pending.settled.resolve({ outcome: error.code === 'rejected' ? 'rejected' : 'unconfirmed', error })
}

/** What was published is what the payload is now, whatever the caller does to it later. */
function snapshot(payload: unknown, event: string): unknown {
  try {
    return structuredClone(payload)
  } catch (cause) {
    throw new PartylineError('invalid-payload', `the payload of ${JSON.stringify(event)} cannot be cloned`, { cause })
  }
}

function unanswered(ms: number): PartylineError {
  return new PartylineError('call-timeout', `the broker told nothing of the message within ${ms} ms`, {
    retryable: true,
  })
}
