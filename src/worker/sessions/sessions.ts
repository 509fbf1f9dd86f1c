import { PartylineError, type Hello, type SessionLimits } from '../../protocol/index.ts'
import type { BrokerHost, Port } from '../host.ts'
import type { Traffic } from '../observe/traffic.ts'
import { letGo } from './farewells.ts'
import { FrameSender } from './frame-sender.ts'
import { Liveness } from './liveness.ts'
import { RunTexts } from './run-texts.ts'
import { Session, type Farewell } from './session.ts'

export interface SessionsDeps {
  readonly host: BrokerHost
  readonly limits: SessionLimits
  readonly traffic: Traffic
  readonly livenessPollMs: number
  /** How long a page in the back/forward cache that has given up its lock is waited for. */
  readonly suspendedMs: number
  attached(session: Session): void
  /** The session has come back; `refs` of its subscriptions are to be told what became of them. */
  resumed(session: Session): readonly number[]
  /** See {@link Liveness}. */
  probe(session: Session): void
  /** Nothing reaches the session any more. */
  detached(session: Session): void
}

/** Pages in the back/forward cache that are waited for; browsers keep only a few, and tell nobody which. */
const MAX_SUSPENDED = 16

/** The attached tabs: who came, who left by a word or without, and who came back. */
export class Sessions implements Iterable<Session> {
  readonly #deps: SessionsDeps
  readonly #sessions = new Set<Session>()
  readonly #liveness: Liveness
  readonly #runTexts = new RunTexts()
  #detachedDead = 0

  constructor(deps: SessionsDeps) {
    this.#deps = deps
    this.#liveness = new Liveness({
      host: deps.host,
      pollMs: deps.livenessPollMs,
      leaseMs: deps.limits.leaseMs,
      suspendedMs: deps.suspendedMs,
      sessions: () => this.#sessions,
      dead: session => {
        this.#detachedDead++
        // If it lives after all, it attaches again.
        this.dismiss(session, letGo())
      },
      probe: deps.probe,
    })
  }

  /** Those whose death was noticed without a `bye`. */
  get detachedDead(): number {
    return this.#detachedDead
  }

  get size(): number {
    return this.#sessions.size
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values()
  }

  /**
   * A tab has one session: a later attempt takes the place of an earlier one, which its tab has given up, or
   * carries it on where the tab names it.
   * @throws PartylineError `stale-epoch` for an attempt that a later one has overtaken
   */
  attach(hello: Hello, data: Port): { readonly session: Session; readonly resumed: boolean } {
    const earlier = this.#earlier(hello)
    if (earlier !== undefined && earlier.id === hello.session?.id)
      return { session: this.#resume(earlier, hello, data), resumed: true }
    if (earlier !== undefined) this.detach(earlier)
    return { session: this.#admit(hello, data), resumed: false }
  }

  #earlier({ tabId, attempt }: Hello): Session | undefined {
    for (const session of this.#sessions) {
      if (session.tabId !== tabId) continue
      if (session.hello.attempt > attempt)
        throw new PartylineError('stale-epoch', 'the tab has attached anew since', { retryable: true })
      return session
    }
    return undefined
  }

  #resume(session: Session, hello: Hello, data: Port): Session {
    const { host, resumed } = this.#deps
    session.sender.suspend()
    session.resume(hello, data, host.now())
    session.sender.resume(hello.session?.seq ?? 0, resumed(session))
    return session
  }

  #admit(hello: Hello, data: Port): Session {
    const { host, limits, traffic, attached } = this.#deps
    const sender = new FrameSender({
      runTexts: this.#runTexts,
      limits,
      traffic,
      post: frame => session.data.postMessage(frame),
      reportError: error => host.reportError(error),
      overwhelmed: () => this.dismiss(session, letGo()),
    })
    const session: Session = new Session({ id: host.randomId(), hello, sender, data, now: host.now() })
    this.#sessions.add(session)
    this.#liveness.start()
    attached(session)
    return session
  }

  /** The page goes into the back/forward cache. */
  suspend(session: Session): void {
    session.suspend(this.#deps.host.now())
    const suspended = [...this.#sessions].filter(({ suspendedAt }) => suspendedAt !== undefined)
    const [oldest] = suspended.toSorted((a, b) => (a.suspendedAt ?? 0) - (b.suspendedAt ?? 0))
    if (suspended.length > MAX_SUSPENDED && oldest !== undefined) this.detach(oldest)
  }

  /** Idempotent. */
  detach(session: Session): void {
    if (!this.#sessions.delete(session)) return
    this.#deps.detached(session)
    session.close()
    if (this.#sessions.size === 0) this.#liveness.stop()
  }

  /** Lets a tab go without its asking, and tells it why. Idempotent. */
  dismiss(session: Session, farewell: Farewell): void {
    if (session.isClosed) return
    this.detach(session)
    // A page in the back/forward cache would be thrown out of it by a message.
    if (session.suspendedAt === undefined) session.dismissed(farewell)
  }

  dismissAll(farewell: Farewell): void {
    for (const session of this.#sessions) this.dismiss(session, farewell)
  }
}
