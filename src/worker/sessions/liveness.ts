import type { BrokerHost } from '../host.ts'
import type { Session } from './session.ts'

export interface LivenessDeps {
  readonly host: BrokerHost
  readonly pollMs: number
  readonly leaseMs: number
  readonly suspendedMs: number
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
  #lastPollAt = 0
  /** Since when those that only their silence could give away have been asked for a sign of life. */
  #doubted = new WeakMap<Session, number>()

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
    const { host, pollMs, leaseMs, suspendedMs, sessions, dead, probe } = this.#deps
    const now = host.now()
    const own = this.#cancel
    try {
      const held = await host.heldLocks()
      // After a sleep nobody was silent for as long as the clock says.
      if (now - this.#lastPollAt > pollMs + leaseMs / 3) this.#doubted = new WeakMap()
      this.#lastPollAt = now
      for (const session of [...sessions()]) {
        const doubtedSince = this.#doubted.get(session)
        switch (judge(session, { now, held, leaseMs, suspendedMs, doubtedSince })) {
          case 'dead':
            this.#doubted.delete(session)
            dead(session)
            break
          case 'doubted':
            if (doubtedSince === undefined) this.#doubted.set(session, now)
            if (isProbed(session, held)) probe(session)
            break
          case 'alive':
            this.#doubted.delete(session)
        }
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

export interface Findings {
  /** From before the locks were asked for, so that a tab which attached meanwhile is not judged by them. */
  readonly now: number
  readonly held: ReadonlySet<string> | undefined
  readonly leaseMs: number
  readonly suspendedMs: number
  readonly doubtedSince: number | undefined
}

/** A page that stays after all takes its lock again within a second; the farewell of one that goes may get lost (Firefox). */
const LEAVING_MS = 2_000

/** How much longer a hidden tab may be silent: browsers let it run once a minute, or freeze it. */
const HIDDEN_FACTOR = 10

/**
 * By its lock where there is one; else by its silence, and only after it was asked for a sign of life. A page in
 * the back/forward cache cannot give one, and is waited for.
 */
export function judge(
  { lease, leaseAt, heardAt, visible, suspendedAt }: JudgedSession,
  { now, held, leaseMs, suspendedMs, doubtedSince }: Findings,
): 'alive' | 'doubted' | 'dead' {
  if (lease.kind === 'lock' && held !== undefined) {
    if (leaseAt >= now || held.has(lease.name)) return 'alive'
    // One look may come between a page's giving up its lock and its saying so, on its way to the cache.
    return doubtedSince === undefined ? 'doubted' : 'dead'
  }
  if (lease.kind === 'leaving') return now - leaseAt > LEAVING_MS ? 'dead' : 'alive'
  const doubtedMs = doubtedSince === undefined ? 0 : now - doubtedSince
  if (suspendedAt !== undefined) return Math.min(doubtedMs, now - suspendedAt) > suspendedMs ? 'dead' : 'doubted'
  const allowedMs = visible ? leaseMs : leaseMs * HIDDEN_FACTOR
  if (now - heardAt <= allowedMs / 3) return 'alive'
  return Math.min(doubtedMs, now - heardAt) > (allowedMs * 2) / 3 ? 'dead' : 'doubted'
}

/** A message to a page that is on its way to the back/forward cache would keep it out. */
function isProbed({ lease, suspendedAt, sender }: Session, held: ReadonlySet<string> | undefined): boolean {
  const isSilent = lease.kind === 'silence' || held === undefined
  return isSilent && suspendedAt === undefined && sender.isQuiet
}

type JudgedSession = Pick<Session, 'lease' | 'leaseAt' | 'heardAt' | 'visible' | 'suspendedAt'>
