import { PartylineError, type Hello, type SessionLimits } from '../../protocol/index.ts'
import type { BrokerHost, Port } from '../host.ts'
import type { Traffic } from '../observe/traffic.ts'
import { FrameSender } from './frame-sender.ts'
import { Liveness } from './liveness.ts'
import { RunTexts } from './run-texts.ts'
import { Session } from './session.ts'

export interface SessionsDeps {
  readonly host: BrokerHost
  readonly limits: SessionLimits
  readonly traffic: Traffic
  readonly livenessPollMs: number
  attached(session: Session): void
  /** See {@link Liveness}. */
  probe(session: Session): void
  /** Nothing reaches the session any more. */
  detached(session: Session): void
}

/** The attached tabs: who came, and who left, by a word or without. */
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
      sessions: () => this.#sessions,
      dead: session => {
        this.#detachedDead++
        this.detach(session)
        // If it lives after all, it attaches again.
        session.dismissed()
      },
      probe: deps.probe,
    })
  }

  /** Those whose death was noticed without a `bye`. */
  get detachedDead(): number {
    return this.#detachedDead
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#sessions.values()
  }

  /**
   * A tab has one session: a later attempt takes the place of an earlier one, which its tab has given up.
   * @throws PartylineError `stale-epoch` for an attempt that a later one has overtaken
   */
  attach(hello: Hello, data: Port): Session {
    this.#supersede(hello)
    const { host, limits, traffic, attached } = this.#deps
    const sender = new FrameSender({
      runTexts: this.#runTexts,
      limits,
      traffic,
      post: frame => data.postMessage(frame),
      reportError: error => host.reportError(error),
      overwhelmed: () => {
        if (session.isClosed) return
        this.detach(session)
        session.dismissed()
      },
    })
    const session: Session = new Session({ id: host.randomId(), hello, sender, data, now: host.now() })
    this.#sessions.add(session)
    this.#liveness.start()
    attached(session)
    return session
  }

  #supersede({ tabId, attempt }: Hello): void {
    for (const session of this.#sessions) {
      if (session.hello.tabId !== tabId) continue
      if (session.hello.attempt > attempt)
        throw new PartylineError('stale-epoch', 'the tab has attached anew since', { retryable: true })
      this.detach(session)
    }
  }

  /** Idempotent. */
  detach(session: Session): void {
    if (!this.#sessions.delete(session)) return
    this.#deps.detached(session)
    session.close()
    if (this.#sessions.size === 0) this.#liveness.stop()
  }

  detachAll(): void {
    for (const session of this.#sessions) this.detach(session)
  }
}
