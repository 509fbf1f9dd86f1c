import {
  fromWireError,
  PartylineError,
  type Op,
  type OpFailure,
  type PublishOp,
  type ReceiptNotice,
} from '../protocol/index.ts'
import { retryable } from './retryable.ts'

/** What is to be sent. */
export interface Message extends Pick<PublishOp, 'channel' | 'event' | 'payload' | 'durable'> {
  readonly timeoutMs?: number | undefined
}

/** Who hears what becomes of a message: first that it is safe, unless it fails before, then one of the others. Must not throw. */
export interface MessageSink {
  /** It was stored, or sent where it is not to be stored. */
  safe(): void
  acknowledged(reply: unknown): void
  failed(error: PartylineError): void
}

/** Something to ask. */
interface Asked {
  /** May be another when it is asked again. */
  op: Op
  /** The broker refused it, or nobody knows whether it reached one. */
  readonly failed: ((error: PartylineError) => void) | undefined
}

interface Pending extends Asked {
  op: PublishOp
  readonly sink: MessageSink
  /** Of the page's clock, in milliseconds. */
  readonly until: number
  timer: ReturnType<typeof setTimeout> | undefined
  isSafe: boolean
  /** How often it was asked again. One that no broker survives, or can read, must not go round for ever. */
  tries: number
  /** A second broker was asked. */
  isHandedOver: boolean
}

const MAX_TRIES = 8
/** What goes in one call at most. A broker stores the first while a tab that publishes much still makes the next. */
const OPS_IN_A_CALL = 500
/** How long what a broker had may stay unknown while there is no other. */
const ORPHANED_MS = 20_000

/** Gathers what the tab asks in one tick into one call, and keeps what it has published until that is settled. */
export interface Outgoing {
  /** @param failed the broker refused it, or nobody knows whether it reached one */
  ask(op: Op, failed?: (error: PartylineError) => void): void
  /** Returns the message's id. @throws PartylineError `invalid-payload` */
  send(message: Message, sink: MessageSink): number
  /** Nobody waits for it any more: its sink hears nothing, and it is not sent if that can still be helped. */
  cancel(id: number): void
  receipt(receipt: ReceiptNotice): void
  /** Messages go to the next broker; all else is said anew when the tab attaches there. */
  detached(): void
  /**
   * There is a broker again. What is stored it finds in the outbox, and is asked what has become of it, also in the same
   * session: nobody knows whether it was asked there before. Of the rest the same session will tell what became of each
   * message, and takes those that it has not heard of. Another one is asked for what is to be stored under the same key,
   * and for what is not to be stored if the earlier broker had not said that it was sent; what was sent and not settled
   * may have arrived or not.
   */
  attached(post: Post, isSameSession: boolean, isSameBroker: boolean): void
  /** The line is closed: nothing more will be heard. */
  close(error: PartylineError): void
}

type Post = (ops: readonly Op[]) => Promise<readonly OpFailure[]>

export function startOutgoing(): Outgoing {
  /** What no broker has heard of yet. */
  let queue = new Set<Asked>()
  let post: Post | undefined
  /** What nobody has settled yet. */
  const messages = new Map<number, Pending>()
  let lastId = 0
  let orphaned: ReturnType<typeof setTimeout> | undefined

  function enqueue(asked: Asked): void {
    const { size } = queue.add(asked)
    if (size === 1) queueMicrotask(flush)
    else if (size >= OPS_IN_A_CALL) flush()
  }

  function flush(): void {
    if (!post) return
    const all = [...queue]
    queue.clear()
    for (let first = 0; first < all.length; first += OPS_IN_A_CALL) call(post, all.slice(first, first + OPS_IN_A_CALL))
  }

  function call(to: Post, all: readonly Asked[]): void {
    to(all.map(({ op }) => op)).then(
      failures => {
        for (const { index, error } of failures) all[index]?.failed?.(fromWireError(error))
      },
      (error: PartylineError) => {
        // A retryable error is the end of the attachment, which settles what was under way.
        if (!error.retryable) for (const { failed } of all) failed?.(error)
      },
    )
  }

  function fail(id: number, error = retryable('unconfirmed', 'the broker went before it told')): void {
    take(id)?.sink.failed(error)
  }

  /** As long as there is a broker it does. */
  function keepTime(id: number, message: Pending): void {
    const { op, until } = message
    clearTimeout(message.timer)
    message.timer = setTimeout(() => {
      if (queue.has(message)) fail(id, retryable('not-sent', `no broker within ${op.timeoutMs} ms`))
      else if (!post) fail(id)
    }, until - performance.now())
  }

  /** The first who takes it settles it. */
  function take(id: number): Pending | undefined {
    const message = messages.get(id)
    if (!message) return
    messages.delete(id)
    queue.delete(message)
    clearTimeout(message.timer)
    return message
  }

  return {
    ask: (op, failed) => enqueue({ op, failed }),

    send({ timeoutMs = 10_000, payload, ...rest }, sink) {
      const id = ++lastId
      const message: Pending = {
        op: { op: 'publish', id, ...rest, payload: snapshot(payload), timeoutMs },
        failed: error => fail(id, error),
        sink,
        until: performance.now() + timeoutMs,
        timer: undefined,
        isSafe: false,
        tries: 0,
        isHandedOver: false,
      }
      messages.set(id, message)
      enqueue(message)
      if (!post) keepTime(id, message)
      return id
    },

    cancel(id) {
      const size = queue.size
      if (take(id) && queue.size === size) enqueue({ op: { op: 'signal', signal: 'cancel', id }, failed: undefined })
    },

    receipt({ id, stage, reply, error, outbox }) {
      const message = messages.get(id)
      if (!message) return
      const { op, sink } = message
      if (stage === 'failed') return fail(id, fromWireError(error))
      // One that is to be stored, and cannot be, is safe when it has arrived.
      if (stage === 'sent' && op.durable) return
      clearTimeout(message.timer)
      // What is stored need not be kept here, too: another broker is only asked what has become of it.
      if (op.durable && outbox) message.op = { ...op, payload: undefined, durable: { key: op.durable.key, outbox } }
      if (!message.isSafe) sink.safe()
      message.isSafe = true
      if (stage === 'acknowledged') take(id)?.sink.acknowledged(reply)
    },

    detached() {
      post = undefined
      for (const asked of queue) if (asked.op.op !== 'publish') queue.delete(asked)
      for (const [id, message] of messages)
        if (!message.isSafe && message.until > performance.now()) keepTime(id, message)
      orphaned ??= setTimeout(() => {
        for (const [id, message] of messages) if (!queue.has(message) && !message.op.durable?.outbox) fail(id)
      }, ORPHANED_MS)
    },

    attached(to, isSameSession, isSameBroker) {
      clearTimeout(orphaned)
      orphaned = undefined
      const again: Asked[] = []
      for (const [id, message] of messages) {
        const { op, isSafe, isHandedOver } = message
        if (queue.has(message) || (isSafe && isSameSession && !op.durable)) continue
        const isLost = !op.durable && (isSafe || (!isSameSession && (isSameBroker || isHandedOver)))
        if (isLost || (!isSafe && ++message.tries > MAX_TRIES)) fail(id)
        else {
          message.isHandedOver ||= !isSameSession
          if (op.durable) message.op = { ...op, durable: { ...op.durable, again: true } }
          again.push(message)
        }
      }
      queue = new Set([...again, ...queue])
      post = to
      flush()
    },

    close(error) {
      clearTimeout(orphaned)
      for (const id of messages.keys()) fail(id, error)
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
