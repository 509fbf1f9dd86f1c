import type { BrokerHost } from '../host.ts'
import type { Session } from './session.ts'

export interface LivenessDeps {
  readonly host: BrokerHost
  readonly pollMs: number
  readonly leaseMs: number
  sessions(): Iterable<Session>
  dead(session: Session): void
  /** Sends something that the tab will acknowledge if it lives. */
  probe(session: Session): void
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
    const { host, leaseMs, sessions, dead, probe } = this.#deps
    const now = host.now()
    const own = this.#cancel
    try {
      const held = await host.heldLocks()
      for (const session of [...sessions()]) {
        if (isDead(session, { now, held, leaseMs })) dead(session)
        else if (needsProbe(session, { now, held, leaseMs })) probe(session)
      }
    } catch (error) {
      host.reportError(error)
    }
    // Stopped meanwhile, and perhaps started again.
    if (this.#cancel !== own) return
    this.#cancel = undefined
    this.start()
  }
}

interface Findings {
  /** From before the locks were asked for, so that a tab which attached meanwhile is not judged by them. */
  readonly now: number
  readonly held: ReadonlySet<string> | undefined
  readonly leaseMs: number
}

export function isDead(
  { hello: { lease }, attachedAt, heardAt }: Pick<Session, 'hello' | 'attachedAt' | 'heardAt'>,
  { now, held, leaseMs }: Findings,
): boolean {
  if (lease.kind === 'lock' && held !== undefined) return attachedAt < now && !held.has(lease.name)
  return now - heardAt > leaseMs
}

/** A tab that only its silence could give away, long not heard of, and with nothing on its way to it. */
export function needsProbe(
  { hello: { lease }, heardAt, sender }: Pick<Session, 'hello' | 'heardAt' | 'sender'>,
  { now, held, leaseMs }: Findings,
): boolean {
  return (lease.kind === 'silence' || held === undefined) && sender.isQuiet && now - heardAt > leaseMs / 3
}
