import { timerMs } from '../../lib/index.ts'
import type { Checkpoint, Credentials, LineStatus } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import {
  deadline,
  INITIAL_STATE,
  step,
  toLineStatus,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
} from './connection-state.ts'
import { toUpstreamError, UpstreamError, type CauseKind, type TransportLink } from './transport.ts'

export interface ConnectionDeps {
  readonly host: BrokerHost
  readonly policy: ConnectionPolicy
  readonly connectTimeoutMs: number
  readonly link: TransportLink
  /** Credentials for the next attempt; `fresh`: not those that were just refused. */
  credentials(signal: AbortSignal, fresh: boolean): Promise<CredentialsForAttempt>
  /** From where the next attempt may carry on; waits for whoever knows. */
  resume(): Promise<Checkpoint | undefined>
  /** Called after every change, with the state before it. */
  changed(state: ConnectionState, previous: ConnectionState): void
}

export interface CredentialsForAttempt {
  readonly credentials: Credentials | undefined
  /** They were not asked for anew, so a refusal may only mean that they are stale. */
  readonly cached: boolean
}

/** Runs what {@link step} decides: attempts, their time-out, and the timer of the phase. */
export class Connection {
  readonly #deps: ConnectionDeps
  #state: ConnectionState = INITIAL_STATE
  #attempt = new AbortController()
  #cancelTimer = (): void => {}
  /** Came while the attempt with those before them was under way. */
  #renewed: Credentials | undefined
  #opened = 0
  #lost = 0
  #lastCause: CauseKind | undefined
  #lastMessage: string | undefined
  #sinceMs: number

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
    this.#sinceMs = deps.host.now()
  }

  get isOpen(): boolean {
    return this.#state.phase.name === 'open'
  }

  get status(): LineStatus {
    return toLineStatus(this.#state)
  }

  /** How long until the next attempt; `undefined` where none is waited for. */
  get retryInMs(): number | undefined {
    const until = deadline(this.#state.phase)
    return until === undefined ? undefined : Math.max(0, until - this.#deps.host.now())
  }

  /** The words of the last failure, while the status is one that has a reason. */
  get message(): string | undefined {
    return this.status.reason === undefined ? undefined : this.#lastMessage
  }

  /** Aborts when the present connection, or the attempt at one, ends. */
  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  stats(): { state: string; sinceMs: number; opened: number; lost: number; failures: number; lastCause?: CauseKind } {
    return {
      state: this.#state.phase.name,
      sinceMs: this.#deps.host.now() - this.#sinceMs,
      opened: this.#opened,
      lost: this.#lost,
      failures: this.#state.failures,
      ...(this.#lastCause === undefined ? {} : { lastCause: this.#lastCause }),
    }
  }

  dispatch(event: ConnectionEvent): void {
    const { host, policy } = this.#deps
    const previous = this.#state
    const { state, effect } = step(previous, event, { now: host.now(), random: host.random(), policy })
    if (state === previous) return
    this.#state = state
    if (state.phase !== previous.phase) this.#enterPhase(effect)
    this.#deps.changed(state, previous)
  }

  /** There are new credentials: the open connection gets them, one that is being made as soon as it is open. */
  renew(credentials: Credentials): void {
    if (this.isOpen) this.#deps.link.renew?.(credentials)
    else this.#renewed = credentials
    this.dispatch({ type: 'credentials' })
  }

  /** For the transport: the open connection is gone, be it before we heard that it is open. */
  lost(error: UpstreamError): void {
    if (this.isOpen) this.#lost++
    this.#failed(error)
  }

  #enterPhase(effect: 'open' | 'close' | undefined): void {
    this.#sinceMs = this.#deps.host.now()
    this.#armTimer()
    if (effect === 'close') {
      this.#attempt.abort(new UpstreamError('network', 'the connection was closed'))
      this.#deps.link.close()
    }
    if (effect === 'open') {
      this.#attempt = new AbortController()
      this.#renewed = undefined
      void this.#open(this.#attempt)
    }
  }

  #armTimer(): void {
    const { host } = this.#deps
    this.#cancelTimer()
    const until = deadline(this.#state.phase)
    this.#cancelTimer =
      until === undefined ? () => {} : host.setTimer(timerMs(until - host.now()), () => this.dispatch({ type: 'due' }))
  }

  async #open(attempt: AbortController): Promise<void> {
    const { host, connectTimeoutMs } = this.#deps
    const cancelTimeout = host.setTimer(connectTimeoutMs, () =>
      this.#attemptFailed(attempt, new UpstreamError('network', `no connection within ${connectTimeoutMs} ms`)),
    )
    try {
      await this.#openWithCredentials(attempt.signal)
      if (attempt.signal.aborted) return
      this.#opened++
      this.dispatch({ type: 'opened' })
      if (this.#renewed !== undefined) this.#deps.link.renew?.(this.#renewed)
    } catch (error) {
      this.#attemptFailed(attempt, toUpstreamError(error))
    } finally {
      cancelTimeout()
    }
  }

  /** A cached token may be stale without anybody's fault: it is asked for anew once before the refusal counts. */
  async #openWithCredentials(signal: AbortSignal): Promise<void> {
    const { link } = this.#deps
    const [first, resume] = await Promise.all([this.#deps.credentials(signal, false), this.#deps.resume()])
    try {
      signal.throwIfAborted()
      await link.open({ credentials: first.credentials, signal, resume })
    } catch (error) {
      if (!first.cached || toUpstreamError(error).kind !== 'credentials') throw error
      const second = await this.#deps.credentials(signal, true)
      signal.throwIfAborted()
      await link.open({ credentials: second.credentials, signal, resume })
    }
  }

  #attemptFailed(attempt: AbortController, error: UpstreamError): void {
    if (!attempt.signal.aborted) this.#failed(error)
  }

  #failed(error: UpstreamError): void {
    this.#lastCause = error.kind
    this.#lastMessage = error.message
    this.dispatch({ type: 'failed', cause: error.kind, retryAfterMs: error.retryAfterMs })
  }
}
