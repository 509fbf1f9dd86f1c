import { LEASE_MS, RENEW_EVERY_MS, type Kind, type Outbox } from '../../outbox/index.ts'

/** What is left of the lease must do for what is being sent. */
const SAFETY_MS = 300

/** Holds the right to send entries of one kind while `work` runs. Resolves with `undefined` when another has it. */
export async function withLease<T>(
  box: Pick<Outbox, 'lease' | 'release'>,
  kind: Kind,
  holder: string,
  work: (lease: HeldLease) => Promise<T>,
): Promise<T | undefined> {
  const lease = new HeldLease(box, kind, holder)
  if (!(await lease.isMine())) return undefined
  const renewing = setInterval(() => void lease.renew().catch(() => undefined), RENEW_EVERY_MS)
  try {
    return await work(lease)
  } finally {
    clearInterval(renewing)
    // It lapses by itself, too, such as when the outbox was wiped.
    await box.release(kind, holder).catch(() => undefined)
  }
}

/** Counts from before it was written: after a pause of the worker or of the machine it is asked for anew. */
export class HeldLease {
  readonly #box: Pick<Outbox, 'lease'>
  readonly #kind: Kind
  readonly #holder: string
  #token: number | undefined
  #takenAt = -Infinity

  constructor(box: Pick<Outbox, 'lease'>, kind: Kind, holder: string) {
    this.#box = box
    this.#kind = kind
    this.#holder = holder
  }

  /** To be asked before each thing that is sent. With `false` others may have sent since: nothing is to be relied on. */
  async isMine(): Promise<boolean> {
    const passed = Date.now() - this.#takenAt
    return (passed >= 0 && passed < LEASE_MS - SAFETY_MS) || this.renew()
  }

  async renew(): Promise<boolean> {
    const at = Date.now()
    const token = await this.#box.lease(this.#kind, this.#holder)
    this.#token ??= token
    const isMine = token !== undefined && token === this.#token
    this.#takenAt = isMine ? at : -Infinity
    return isMine
  }
}
