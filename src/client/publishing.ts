import { fromWireError, PartylineError, type PublishOp, type ReceiptNotice } from '../protocol/index.ts'
import type { Asked, Asking } from './asking.ts'
import { retryable } from './retryable.ts'

/** What is to be sent. */
export interface Message extends Pick<PublishOp, 'channel' | 'event' | 'payload' | 'durable'> {
  readonly timeoutMs?: number | undefined
}

/** Who hears what becomes of a message: first that it is safe, unless it fails before, then one of the others. */
export interface MessageSink {
  /** It was stored, or sent where it is not to be stored. */
  safe(): void
  acknowledged(reply: unknown): void
  failed(error: PartylineError): void
}

interface Pending extends Asked {
  op: PublishOp
  readonly sink: MessageSink
  readonly timer: ReturnType<typeof setTimeout>
  isSafe: boolean
  /** How often it was asked again. One that no broker survives, or can read, must not go round for ever. */
  tries: number
  /** A second broker was asked. */
  isHandedOver: boolean
}

const MAX_TRIES = 8
/** How long what a broker had may stay unknown while there is no other. */
const ORPHANED_MS = 20_000

/** What this tab has published and nobody has settled yet. */
export interface Publishing {
  /** Returns the message's id. @throws PartylineError `invalid-payload` */
  send(message: Message, sink: MessageSink): number
  /** Nobody waits for it any more: its sink hears nothing, and it is not sent if that can still be helped. */
  cancel(id: number): void
  receipt(receipt: ReceiptNotice): void
  detached(): void
  /**
   * There is a broker again. What is stored it finds in the outbox, and is asked what has become of it, also in the same
   * session: nobody knows whether it was asked there before. Of the rest the same session will tell what became of each
   * message, and takes those that it has not heard of. Another one is asked for what is to be stored under the same key,
   * and for what is not to be stored if the earlier broker had not said that it was sent; what was sent and not settled
   * may have arrived or not.
   */
  attached(isSameSession: boolean, isSameBroker: boolean): void
  /** The line is closed: nothing more will be heard. */
  close(error: PartylineError): void
}

export function startPublishing(asking: Asking): Publishing {
  const all = new Map<number, Pending>()
  let lastId = 0
  let isAttached = false
  let orphaned: ReturnType<typeof setTimeout> | undefined

  function fail(id: number, error = retryable('unconfirmed', 'the broker went before it told')): void {
    take(id)?.sink.failed(error)
  }

  /** The first who takes it settles it. */
  function take(id: number): Pending | undefined {
    const pending = all.get(id)
    if (!pending) return
    all.delete(id)
    asking.withdraw(pending)
    clearTimeout(pending.timer)
    return pending
  }

  return {
    send({ timeoutMs = 10_000, payload, ...message }, sink) {
      const id = ++lastId
      const pending: Pending = {
        op: { op: 'publish', id, ...message, payload: snapshot(payload), timeoutMs },
        failed: error => fail(id, error),
        sink,
        // The broker keeps the time of what it has; here it is kept for what no broker has heard of.
        timer: setTimeout(() => {
          if (asking.isWaiting(pending)) fail(id, retryable('not-sent', `no broker within ${timeoutMs} ms`))
          else if (!isAttached) fail(id)
        }, timeoutMs),
        isSafe: false,
        tries: 0,
        isHandedOver: false,
      }
      all.set(id, pending)
      asking.ask(pending)
      return id
    },

    cancel(id) {
      const isAsked = !asking.isWaiting(all.get(id))
      if (take(id) && isAsked) asking.ask({ op: { op: 'signal', signal: 'cancel', id } })
    },

    receipt({ id, stage, reply, error, outbox }) {
      const pending = all.get(id)
      if (!pending) return
      const { op, sink } = pending
      if (stage === 'failed') return fail(id, fromWireError(error))
      // One that is to be stored, and cannot be, is safe when it has arrived.
      if (stage === 'sent' && op.durable) return
      clearTimeout(pending.timer)
      // What is stored need not be kept here, too: another broker is only asked what has become of it.
      if (op.durable && outbox) pending.op = { ...op, payload: undefined, durable: { key: op.durable.key, outbox } }
      if (!pending.isSafe) sink.safe()
      pending.isSafe = true
      if (stage === 'acknowledged') take(id)?.sink.acknowledged(reply)
    },

    detached() {
      isAttached = false
      clearTimeout(orphaned)
      orphaned = setTimeout(() => {
        for (const [id, pending] of all) if (!asking.isWaiting(pending) && !pending.op.durable?.outbox) fail(id)
      }, ORPHANED_MS)
    },

    attached(isSameSession, isSameBroker) {
      isAttached = true
      clearTimeout(orphaned)
      const again: Asked[] = []
      for (const [id, pending] of all) {
        const { op, isSafe, isHandedOver } = pending
        if (asking.isWaiting(pending) || (isSafe && isSameSession && !op.durable)) continue
        const isLost = !op.durable && (isSafe || (!isSameSession && (isSameBroker || isHandedOver)))
        if (isLost || (!isSafe && ++pending.tries > MAX_TRIES)) fail(id)
        else {
          pending.isHandedOver ||= !isSameSession
          if (op.durable) pending.op = { ...op, durable: { ...op.durable, again: true } }
          again.push(pending)
        }
      }
      asking.askAgain(again)
    },

    close(error) {
      clearTimeout(orphaned)
      for (const id of all.keys()) fail(id, error)
    },
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
