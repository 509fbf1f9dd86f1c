/**
 * The life of the one connection, as a pure function: `(state, event) → state + effect`.
 * {@link ./connection.ts} runs the effects and the timers.
 */
import { fullJitter } from '../../lib/index.ts'
import type { LineStatus } from '../../protocol/index.ts'
import type { CauseKind } from './transport.ts'

export interface ConnectionPolicy {
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
  /** Over how long clients spread when a server says that it restarts. */
  readonly restartSpreadMs: number
  /** A connection that lived shorter counts as one more failure. */
  readonly stableMs: number
  /** Consecutive failures that open the circuit. */
  readonly circuitFailures: number
  /** An open circuit lets one attempt through after this time, spread over as much again. */
  readonly circuitCooldownMs: number
}

export type Phase =
  /** Nobody needs a connection. */
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | { readonly name: 'open'; readonly since: number }
  | { readonly name: 'waiting'; readonly until: number; readonly cause: CauseKind }
  /** The browser says that there is no network. That is a hint, so it is tried now and then all the same. */
  | { readonly name: 'paused'; readonly until: number }
  | { readonly name: 'blocked'; readonly reason: 'credentials-refused' }
  | { readonly name: 'blocked'; readonly reason: 'circuit-open'; readonly until: number }
  | { readonly name: 'closed' }

export interface ConnectionState {
  readonly phase: Phase
  /** Consecutive failures. */
  readonly failures: number
  /** Consecutive connections that the server has accepted and then ended for their credentials. */
  readonly revocations: number
  /** The browser's hint. */
  readonly online: boolean
  /** The server takes no attempt before this time. */
  readonly notBefore: number
  /** The server has let all its clients go, and has not accepted this one since: they all come back. */
  readonly isCrowded: boolean
}

export type ConnectionEvent =
  | { readonly type: 'needed' }
  | { readonly type: 'unneeded' }
  | { readonly type: 'opened' }
  /** An attempt failed or the open connection was lost. */
  | { readonly type: 'failed'; readonly cause: CauseKind; readonly retryAfterMs?: number | undefined }
  /** The time that the phase waits for has come. */
  | { readonly type: 'due' }
  | { readonly type: 'online' }
  | { readonly type: 'offline' }
  /** A tab became visible. */
  | { readonly type: 'visible' }
  | { readonly type: 'reconnect' }
  /** There are other credentials than those that were refused. */
  | { readonly type: 'credentials' }
  | { readonly type: 'close' }

export interface Step {
  readonly state: ConnectionState
  readonly effect?: 'open' | 'close'
}

export interface StepContext {
  readonly now: number
  /** In [0, 1). */
  readonly random: number
  readonly policy: ConnectionPolicy
}

export const INITIAL_STATE: ConnectionState = {
  phase: { name: 'idle' },
  failures: 0,
  revocations: 0,
  online: true,
  notBefore: 0,
  isCrowded: false,
}

export function step(state: ConnectionState, event: ConnectionEvent, context: StepContext): Step {
  if (state.phase.name === 'closed') return { state }
  switch (event.type) {
    case 'needed':
      return state.phase.name === 'idle' ? connect(state, context) : { state }
    case 'unneeded':
      return state.phase.name === 'idle' ? { state } : to(proven(state, context), { name: 'idle' })
    case 'opened':
      return state.phase.name === 'connecting'
        ? to({ ...state, isCrowded: false }, { name: 'open', since: context.now })
        : { state }
    case 'failed':
      return hasConnection(state.phase) ? failed(state, event, context) : { state }
    case 'due':
      return deadline(state.phase) === undefined ? { state } : connect(state, context)
    case 'online':
      // Every tab says it when it attaches: only a change is news.
      return state.online
        ? { state }
        : whenRestful({ ...state, online: true }, context, ['waiting', 'paused', 'circuit-open'])
    case 'offline':
      return offline(state, context)
    case 'visible':
      return whenRestful(state, context, ['circuit-open'])
    case 'credentials':
      return whenRestful(state, context, ['credentials-refused'])
    case 'reconnect':
      return whenRestful({ ...state, notBefore: 0 }, context, [
        'waiting',
        'paused',
        'circuit-open',
        'credentials-refused',
      ])
    case 'close':
      return to(state, { name: 'closed' })
  }
}

/** When the phase wants to be woken by `due`; `undefined` when it waits for no time. */
export function deadline(phase: Phase): number | undefined {
  return 'until' in phase ? phase.until : undefined
}

/** Many inner phases, few words for the tabs. */
export function toLineStatus({ phase, failures }: ConnectionState): LineStatus {
  switch (phase.name) {
    case 'idle':
      return { status: 'idle' }
    case 'connecting':
      return failures === 0 ? { status: 'connecting' } : { status: 'connecting', reason: 'retry' }
    case 'open':
      return { status: 'open' }
    case 'waiting':
      return { status: 'offline', reason: phase.cause }
    case 'paused':
      return { status: 'offline', reason: 'no-network' }
    case 'blocked':
      return { status: 'blocked', reason: phase.reason }
    case 'closed':
      return { status: 'closed', reason: 'broker-closed' }
  }
}

/** The connection was ended by the other side, or by what lies between, and nobody has said why. */
export function isUnexplained({ phase }: ConnectionState): boolean {
  if (phase.name === 'waiting') return phase.cause === 'network' || phase.cause === 'server-closed'
  return phase.name === 'blocked' && phase.reason === 'circuit-open'
}

function failed(
  state: ConnectionState,
  event: { readonly cause: CauseKind; readonly retryAfterMs?: number | undefined },
  context: StepContext,
): Step {
  const { now, random, policy } = context
  const { failures, revocations } = proven(state, context)
  const isRevoked = state.phase.name === 'open' && event.cause === 'credentials'
  const next = {
    ...state,
    failures: failures + 1,
    revocations: isRevoked ? revocations + 1 : revocations,
    isCrowded: state.isCrowded || event.cause === 'server-restart' || event.cause === 'server-closed',
    ...(event.cause === 'rate-limited' && { notBefore: now + (event.retryAfterMs ?? policy.backoffMaxMs) }),
  }
  if (event.cause === 'credentials') return to(next, { name: 'blocked', reason: 'credentials-refused' })
  if (next.failures >= policy.circuitFailures)
    return to(next, {
      name: 'blocked',
      reason: 'circuit-open',
      until: now + Math.max(event.retryAfterMs ?? 0, policy.circuitCooldownMs * (1 + random)),
    })
  if (!next.online) return to(next, { name: 'paused', until: now + policy.backoffMaxMs })
  return to(next, { name: 'waiting', cause: event.cause, until: now + retryDelayMs(next, event, context) })
}

function retryDelayMs(
  { failures, isCrowded }: ConnectionState,
  { cause, retryAfterMs }: { readonly cause: CauseKind; readonly retryAfterMs?: number | undefined },
  { random, policy }: StepContext,
): number {
  const jittered = fullJitter(failures, random, { baseMs: policy.backoffBaseMs, maxMs: policy.backoffMaxMs })
  // Whoever finds nobody after a restart comes on average as rarely as the others come once.
  const early = cause === 'server-restart' || cause === 'server-closed' ? 0 : 0.5
  const spread = isCrowded ? Math.max((early + random) * policy.restartSpreadMs, jittered) : jittered
  return cause === 'rate-limited' ? (retryAfterMs ?? policy.backoffMaxMs) + spread : spread
}

function offline(state: ConnectionState, { now, policy }: StepContext): Step {
  const next = { ...state, online: false }
  return state.phase.name === 'waiting'
    ? to(next, { name: 'paused', until: now + policy.backoffMaxMs })
    : { state: next }
}

/** Connects when the phase is one of those named; a `blocked` phase is named by its reason. */
function whenRestful(state: ConnectionState, context: StepContext, phases: readonly string[]): Step {
  const { phase } = state
  return phases.includes(phase.name === 'blocked' ? phase.reason : phase.name) ? connect(state, context) : { state }
}

/** A connection that stayed makes up for the failures before it. */
function proven(state: ConnectionState, { now, policy }: StepContext): ConnectionState {
  const isStable = state.phase.name === 'open' && now - state.phase.since >= policy.stableMs
  return isStable ? { ...state, failures: 0, revocations: 0 } : state
}

/** Connects, or waits as long as the server said. */
function connect(state: ConnectionState, { now }: StepContext): Step {
  const { phase, notBefore } = state
  // Always a phase anew, so that its timer is set anew: timers may come early.
  if (now < notBefore)
    return to(
      state,
      phase.name !== 'paused' && (deadline(phase) ?? 0) >= notBefore
        ? { ...phase }
        : { name: 'waiting', cause: 'rate-limited', until: notBefore },
    )
  return { state: { ...state, phase: { name: 'connecting' } }, effect: 'open' }
}

function to(state: ConnectionState, phase: Phase): Step {
  const next = { ...state, phase }
  return hasConnection(state.phase) && !hasConnection(phase) ? { state: next, effect: 'close' } : { state: next }
}

function hasConnection(phase: Phase): boolean {
  return phase.name === 'connecting' || phase.name === 'open'
}
