import {
  deadline,
  INITIAL_STATE,
  step,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
} from '../../../src/worker/upstream/connection-state.ts'
import type { CauseKind } from '../../../src/worker/upstream/transport.ts'
import type { Agenda } from './agenda.ts'

export type Answer = 'accepted' | { readonly cause: CauseKind; readonly retryAfterMs?: number }

/** What a broker went through, in order. */
export interface Happening {
  readonly at: number
  readonly what: 'attempt' | ConnectionEvent['type']
  readonly after: ConnectionState
  readonly event?: ConnectionEvent
}

export interface SimulatedBrokerDeps {
  readonly agenda: Agenda
  readonly policy: ConnectionPolicy
  random(): number
  /** What becomes of an attempt that is made now, and how long that takes. */
  server(broker: SimulatedBroker): { readonly answer: Answer; readonly tookMs: number }
}

/** The connection state of one broker, and the timers and attempts that follow from it. */
export class SimulatedBroker {
  readonly #deps: SimulatedBrokerDeps
  readonly story: Happening[] = []
  #state: ConnectionState = INITIAL_STATE
  #cancelTimer = (): void => {}
  #cancelAttempt = (): void => {}

  constructor(deps: SimulatedBrokerDeps) {
    this.#deps = deps
  }

  get state(): ConnectionState {
    return this.#state
  }

  get isOpen(): boolean {
    return this.#state.phase.name === 'open'
  }

  dispatch(event: ConnectionEvent): void {
    const { agenda, policy, random } = this.#deps
    const before = this.#state
    const { state, effect } = step(before, event, { now: agenda.now, random: random(), policy })
    this.#state = state
    this.#tell(event.type, event)
    if (state.phase !== before.phase) this.#armTimer()
    if (effect === 'close') this.#cancelAttempt()
    if (effect === 'open') this.#attempt()
  }

  #armTimer(): void {
    const until = deadline(this.#state.phase)
    this.#cancelTimer()
    if (until !== undefined) this.#cancelTimer = this.#deps.agenda.note(until, () => this.dispatch({ type: 'due' }))
  }

  #attempt(): void {
    const { agenda, server } = this.#deps
    this.#tell('attempt')
    const { answer, tookMs } = server(this)
    this.#cancelAttempt = agenda.note(agenda.now + tookMs, () =>
      this.dispatch(answer === 'accepted' ? { type: 'opened' } : { type: 'failed', ...answer }),
    )
  }

  #tell(what: Happening['what'], event?: ConnectionEvent): void {
    this.story.push({ at: this.#deps.agenda.now, what, after: this.#state, ...(event && { event }) })
  }
}
