import type { Checkpoint, Hello } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import { movedTo } from '../sessions/farewells.ts'
import type { Farewell, Session } from '../sessions/session.ts'
import { isAwake } from '../routing/takers.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Identity } from './identity.ts'

/** How long messages that were sent may still be acknowledged before the connection is let go. */
const SETTLE_MS = 1_000
const LOOK_EVERY_MS = 20
/** Of those in the back/forward cache nothing is urgent. */
const LOOK_AT_CACHED_EVERY_MS = 500
/** How long tabs of the same deploy that are just being opened may still ask the way. */
const STAY_MS = 5_000

export interface HandoverDeps {
  readonly host: BrokerHost
  readonly sessions: Sessions
  /** Messages that were sent and not acknowledged. */
  pending(): number
  /** Ends the connection. */
  letGo(): Promise<Checkpoint | undefined>
  /** Tells a tab up to where it has everything. */
  lastWord(session: Session): void
  /** No tab is left, and nothing to be done. */
  drained(): void
}

/**
 * How a broker goes when another takes over: it sends nothing new, waits a moment for acknowledgements, lets the
 * connection go, and sends each tab over as soon as that has handled what was on its way to it, however long that
 * takes: what it heard of its messages must not get lost. A page in the back/forward cache is kept until it comes
 * back for what it missed. When all have gone it closes, a moment later.
 */
export class Handover {
  readonly #deps: HandoverDeps
  #newer: Identity | undefined

  constructor(deps: HandoverDeps) {
    this.#deps = deps
  }

  get isUnderWay(): boolean {
    return this.#newer !== undefined
  }

  /** What is to be said to whoever comes now, unless it may have something to fetch here. */
  farewell(hello?: Hello): Farewell | undefined {
    const sessions = [...this.#deps.sessions]
    const mayFetch = hello === undefined ? sessions.length > 0 : sessions.some(({ id }) => id === hello.session?.id)
    return this.#newer === undefined || mayFetch ? undefined : movedTo(this.#newer)
  }

  /** Resolves when the connection is gone. */
  async to(newer: Identity): Promise<Checkpoint | undefined> {
    const { host, pending, letGo, sessions, lastWord } = this.#deps
    this.#newer = newer
    const deadline = host.now() + SETTLE_MS
    while (pending() > 0 && host.now() < deadline) await this.#wait(LOOK_EVERY_MS)
    const checkpoint = await letGo()
    for (const session of sessions) lastWord(session)
    void this.#drain(movedTo(newer))
    return checkpoint
  }

  async #drain(farewell: Farewell): Promise<void> {
    const { sessions, drained } = this.#deps
    while (sessions.size > 0) {
      const awake = [...sessions].filter(isAwake)
      for (const session of awake) if (session.sender.isQuiet) sessions.dismiss(session, farewell)
      await this.#wait(awake.length > 0 ? LOOK_EVERY_MS : LOOK_AT_CACHED_EVERY_MS)
    }
    await this.#wait(STAY_MS)
    // Whoever came meanwhile was sent on.
    drained()
  }

  #wait(ms: number): Promise<void> {
    return new Promise(resolve => void this.#deps.host.setTimer(ms, resolve))
  }
}
