import type { BrokerHost } from '../host.ts'
import type { Session } from './session.ts'

export interface LivenessDeps {
  readonly host: BrokerHost
  readonly pollMs: number
  readonly leaseMs: number
  sessions(): Iterable<Session>
  dead(session: Session): void
}

/**
 * Finds tabs that died without a word, by polling which Web Locks are held. The broker neither holds nor
 * awaits a lock itself: in Firefox that would keep its clients out of the back/forward cache.
 */
export class Liveness {
  readonly #deps: LivenessDeps
  #cancel: (() => void) | undefined

  constructor(deps: LivenessDeps) {
    this.#deps = deps
  }

  /** Polls from now on; `stop` when nobody is attached. Both may be called again. */
  start(): void {
    if (this.#cancel !== undefined) return
    this.#cancel = this.#deps.host.setTimer(this.#deps.pollMs, () => void this.#poll())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  async #poll(): Promise<void> {
    const { host, leaseMs, sessions, dead } = this.#deps
    const now = host.now()
    try {
      const held = await host.heldLocks()
      for (const session of [...sessions()]) if (isDead(session, { now, held, leaseMs })) dead(session)
    } catch (error) {
      host.reportError(error)
    }
    if (this.#cancel === undefined) return
    this.#cancel = undefined
    this.start()
  }
}

/** `now` is from before the locks were asked for, so that a tab which attached meanwhile is not judged by them. */
export function isDead(
  { hello: { lease }, attachedAt, heardAt }: Pick<Session, 'hello' | 'attachedAt' | 'heardAt'>,
  {
    now,
    held,
    leaseMs,
  }: { readonly now: number; readonly held: ReadonlySet<string> | undefined; readonly leaseMs: number },
): boolean {
  if (lease.kind === 'lock' && held !== undefined) return attachedAt < now && !held.has(lease.name)
  return now - heardAt > leaseMs
}
