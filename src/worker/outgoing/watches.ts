import type { ReceiptNotice } from '../../protocol/index.ts'
import type { Session } from '../sessions/session.ts'

/** A tab that waits to hear what becomes of a message. */
export interface Watch {
  readonly session: Session
  readonly id: number
  /** In which the message waits, where that is known. */
  lane: string | undefined
  /** The message is in the outbox, or was. */
  isStored: boolean
}

/** What a tab is told of its message. */
export type Receipt = Omit<ReceiptNotice, 'type' | 'id'>

/** Which tabs wait to hear of which message of the outbox. */
export class Watches {
  /** By key: several may have published the same message. The lists themselves never change. */
  readonly #watches = new Map<string, readonly Watch[]>()

  of(key: string): readonly Watch[] {
    return this.#watches.get(key) ?? []
  }

  /** Who waits now, whatever comes of it. */
  snapshot(): ReadonlyMap<string, readonly Watch[]> {
    return new Map(this.#watches)
  }

  add(key: string, watch: Watch): void {
    this.#remove(key, watch.session, watch.id)
    this.#watches.set(key, [...this.of(key), watch])
  }

  /** A tab no longer waits for its message. Returns the keys for which nobody does now. */
  cancel(session: Session, id: number): readonly string[] {
    const left: string[] = []
    for (const key of this.#watches.keys())
      if (this.#remove(key, session, id) && !this.#watches.has(key)) left.push(key)
    return left
  }

  detach(session: Session): void {
    for (const key of this.#watches.keys()) this.#remove(key, session)
  }

  /** Of what is stored, in one lane or in all. */
  ofStored(lane?: string): readonly (readonly [key: string, watches: readonly Watch[]])[] {
    const isMeant = (watch: Watch): boolean => watch.isStored && (lane === undefined || watch.lane === lane)
    return [...this.#watches].filter(([, watches]) => watches.some(isMeant))
  }

  /** Tells each once. @param outbox its id */
  tellStored(key: string, outbox: string): void {
    for (const watch of this.of(key)) {
      if (watch.isStored) continue
      watch.isStored = true
      watch.session.send({ type: 'receipt', id: watch.id, stage: 'stored', outbox })
    }
  }

  /**
   * The last that is heard of it.
   * @param asked who waited for it when what is told was looked up: whoever has published under its key since has not
   */
  settle(key: string, receipt: Receipt, asked = this.of(key)): void {
    const watches = this.of(key)
    this.#keep(
      key,
      watches.filter(watch => !asked.includes(watch)),
    )
    for (const watch of watches)
      if (asked.includes(watch)) watch.session.send({ type: 'receipt', id: watch.id, ...receipt })
  }

  /** Of this tab: one message, or all that there are. Whether there was any. */
  #remove(key: string, session: Session, id?: number): boolean {
    const watches = this.of(key)
    const left = watches.filter(watch => watch.session !== session || (id !== undefined && watch.id !== id))
    this.#keep(key, left)
    return left.length < watches.length
  }

  #keep(key: string, left: readonly Watch[]): void {
    if (left.length > 0) this.#watches.set(key, left)
    else this.#watches.delete(key)
  }
}
