import type { PublishOp, ReceiptNotice } from '../../protocol/index.ts'
import { PartylineError, toWireError } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { Traffic } from '../observe/traffic.ts'
import type { Session } from '../sessions/session.ts'
import type { Outbound } from '../outgoing/outbound.ts'
import { toUpstreamError } from '../upstream/transport.ts'

export interface PublisherDeps {
  readonly host: BrokerHost
  readonly outbound: Outbound
  readonly traffic: Traffic
  readonly maxPending: number
  isOpen(): boolean
  /** The number of messages under way changed. */
  changed(): void
}

interface Pending {
  readonly session: Session
  readonly op: PublishOp
  readonly abort: AbortController
  cancelTimeout: () => void
  sent: boolean
}

/**
 * Sends what tabs publish, in the order in which they asked, and tells each tab what became of its own:
 * `sent`, then `acknowledged` or `failed`. What is asked while the line is not open waits for it, no
 * longer than the message's `timeoutMs` and no longer than its tab is there.
 */
export class Publisher {
  readonly #deps: PublisherDeps
  readonly #pending = new Set<Pending>()

  constructor(deps: PublisherDeps) {
    this.#deps = deps
  }

  /** Messages that wait to be sent or for their acknowledgement. */
  get size(): number {
    return this.#pending.size
  }

  /** Of these, the ones that were sent. */
  get sentCount(): number {
    let count = 0
    for (const { sent } of this.#pending) if (sent) count++
    return count
  }

  /**
   * A message that the session has asked for before is not sent again: the tab did not hear what became of it.
   * @throws PartylineError `too-many-pending` beyond `maxPending` of this session
   */
  publish(session: Session, op: PublishOp): void {
    if (op.id <= session.lastPublishId && !session.refusedPublishes.delete(op.id)) return
    session.lastPublishId = Math.max(op.id, session.lastPublishId)
    this.#refuseExcess(session, op.id)
    const pending: Pending = { session, op, abort: new AbortController(), cancelTimeout: () => {}, sent: false }
    this.#pending.add(pending)
    this.#deps.changed()
    if (this.#deps.isOpen()) this.#send(pending)
    else this.#arm(pending, () => this.#fail(pending, notSent(`the line was not open within ${op.timeoutMs} ms`)))
  }

  /** The line is open: sends what waited, oldest first. */
  connectionOpened(): void {
    for (const pending of this.#pending) if (!pending.sent) this.#send(pending)
  }

  connectionLost(): void {
    for (const pending of this.#pending)
      if (pending.sent) this.#fail(pending, unconfirmed('the connection was lost before an acknowledgement came'))
  }

  /** The tab no longer awaits it: not sent if it waits still, otherwise on its way all the same. */
  cancel(session: Session, id: number): void {
    for (const pending of this.#pending) if (pending.session === session && pending.op.id === id) this.#settle(pending)
  }

  detach(session: Session): void {
    for (const pending of this.#pending) if (pending.session === session) this.#settle(pending)
  }

  #refuseExcess(session: Session, id: number): void {
    const { maxPending } = this.#deps
    if (this.#pending.size < maxPending) return
    let own = 0
    for (const pending of this.#pending) if (pending.session === session) own++
    if (own < maxPending) return
    session.refusedPublishes.add(id)
    throw new PartylineError('too-many-pending', `${own} messages of this tab are under way already (maxPending)`, {
      retryable: true,
    })
  }

  #send(pending: Pending): void {
    const { outbound, traffic } = this.#deps
    const { op, abort } = pending
    try {
      const { channel, event, payload, durable } = op
      // One that was to be stored, and could not be, another broker may have sent.
      const message = { channel, event, payload, key: durable?.key, origin: pending.session.id }
      const acknowledged = outbound.publish(message, abort.signal)
      pending.sent = true
      traffic.published++
      this.#arm(pending, () => this.#fail(pending, unconfirmed(`no acknowledgement within ${op.timeoutMs} ms`)))
      this.#tell(pending, { type: 'receipt', id: op.id, stage: 'sent' })
      acknowledged.then(
        reply => this.#acknowledged(pending, reply),
        (error: unknown) => this.#fail(pending, toFailure(error)),
      )
    } catch (error) {
      this.#fail(pending, error instanceof PartylineError ? error : notSent(toUpstreamError(error).message))
    }
  }

  #arm(pending: Pending, expire: () => void): void {
    pending.cancelTimeout()
    pending.cancelTimeout = this.#deps.host.setTimer(pending.op.timeoutMs, expire)
  }

  #acknowledged(pending: Pending, reply: unknown): void {
    if (!this.#settle(pending)) return
    this.#deps.traffic.acknowledged++
    this.#tell(pending, { type: 'receipt', id: pending.op.id, stage: 'acknowledged', reply })
  }

  #fail(pending: Pending, error: PartylineError): void {
    if (!this.#settle(pending)) return
    this.#deps.traffic.failed++
    this.#tell(pending, { type: 'receipt', id: pending.op.id, stage: 'failed', error: toWireError(error) })
  }

  /** False when it was settled before: the first outcome counts. */
  #settle(pending: Pending): boolean {
    if (!this.#pending.delete(pending)) return false
    pending.cancelTimeout()
    pending.abort.abort()
    this.#deps.changed()
    return true
  }

  #tell(pending: Pending, notice: ReceiptNotice): void {
    pending.session.send(notice)
  }
}

function toFailure(error: unknown): PartylineError {
  if (error instanceof PartylineError) return error
  const { kind, message, details } = toUpstreamError(error)
  return kind === 'refused'
    ? new PartylineError('rejected', `the server refused the message: ${message}`, { details })
    : unconfirmed(message)
}

function notSent(why: string): PartylineError {
  return new PartylineError('not-sent', `the message was not sent: ${why}`, { retryable: true })
}

function unconfirmed(why: string): PartylineError {
  return new PartylineError('unconfirmed', `the message was sent, but nobody knows whether it arrived: ${why}`, {
    retryable: true,
  })
}
