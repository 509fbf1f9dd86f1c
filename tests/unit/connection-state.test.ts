import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  deadline,
  INITIAL_STATE,
  step,
  toLineStatus,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
  type Phase,
} from '../../src/worker/upstream/connection-state.ts'
import type { CauseKind } from '../../src/worker/upstream/transport.ts'

const policy: ConnectionPolicy = {
  backoffBaseMs: 1_000,
  backoffMaxMs: 30_000,
  restartSpreadMs: 10_000,
  stableMs: 5_000,
  circuitFailures: 3,
  circuitCooldownMs: 60_000,
}

const phases = {
  idle: { name: 'idle' },
  connecting: { name: 'connecting' },
  open: { name: 'open', since: 0 },
  waiting: { name: 'waiting', until: 1_000, cause: 'network' },
  paused: { name: 'paused', until: 30_000 },
  refused: { name: 'blocked', reason: 'credentials-refused' },
  circuitOpen: { name: 'blocked', reason: 'circuit-open', until: 60_000 },
  closed: { name: 'closed' },
} as const satisfies Record<string, Phase>
type PhaseKey = keyof typeof phases

const events = {
  needed: { type: 'needed' },
  unneeded: { type: 'unneeded' },
  opened: { type: 'opened' },
  failed: { type: 'failed', cause: 'network' },
  due: { type: 'due' },
  online: { type: 'online' },
  offline: { type: 'offline' },
  visible: { type: 'visible' },
  reconnect: { type: 'reconnect' },
  credentials: { type: 'credentials' },
  close: { type: 'close' },
} as const satisfies Record<ConnectionEvent['type'], ConnectionEvent>
type EventKey = keyof typeof events

/** After each event: the phase that each phase goes to. What is not named stays. */
const transitions: Record<EventKey, Partial<Record<PhaseKey, PhaseKey>>> = {
  needed: { idle: 'connecting' },
  unneeded: {
    connecting: 'idle',
    open: 'idle',
    waiting: 'idle',
    paused: 'idle',
    refused: 'idle',
    circuitOpen: 'idle',
  },
  opened: { connecting: 'open' },
  failed: { connecting: 'waiting', open: 'waiting' },
  due: { waiting: 'connecting', paused: 'connecting', circuitOpen: 'connecting' },
  online: { waiting: 'connecting', paused: 'connecting', circuitOpen: 'connecting' },
  offline: { waiting: 'paused' },
  visible: { circuitOpen: 'connecting' },
  reconnect: { waiting: 'connecting', paused: 'connecting', circuitOpen: 'connecting', refused: 'connecting' },
  credentials: { refused: 'connecting' },
  close: {
    idle: 'closed',
    connecting: 'closed',
    open: 'closed',
    waiting: 'closed',
    paused: 'closed',
    refused: 'closed',
    circuitOpen: 'closed',
  },
}

const everyStep = (Object.keys(events) as EventKey[]).flatMap(event =>
  (Object.keys(phases) as PhaseKey[]).map(phase => ({ event, phase, next: transitions[event][phase] ?? phase })),
)

function inPhase(phase: Phase, rest: Partial<ConnectionState> = {}): ConnectionState {
  return { ...INITIAL_STATE, phase, ...rest }
}

function run(state: ConnectionState, event: ConnectionEvent, { now = 0, random = 0.5 } = {}) {
  return step(state, event, { now, random, policy })
}

/** How long a failure of this kind makes a connection in its first attempt wait. */
function delayAfter(
  cause: CauseKind,
  { random = 0.5, failures = 0, retryAfterMs = undefined as number | undefined } = {},
) {
  const { state } = run(inPhase(phases.connecting, { failures }), { type: 'failed', cause, retryAfterMs }, { random })
  return deadline(state.phase)
}

/** Runs one event after the other, all at the same time. */
function after(state: ConnectionState, ...all: ConnectionEvent[]): ConnectionState {
  return all.reduce((before, event) => run(before, event).state, state)
}

describe('every phase and every event', () => {
  test.each(everyStep)('$event in $phase leads to $next', ({ event, phase, next }) => {
    // Coming online is news only to a line that was offline.
    const { state } = run(inPhase(phases[phase], { online: event !== 'online' }), events[event])
    const { name } = state.phase
    expect(name === 'blocked' ? state.phase.reason : name).toBe(
      next === 'refused' ? 'credentials-refused' : next === 'circuitOpen' ? 'circuit-open' : next,
    )
  })

  test.each(everyStep.filter(({ phase, next }) => phase === next))(
    '$event in $phase tells the tabs nothing',
    ({ event, phase }) => {
      const before = inPhase(phases[phase])
      expect(run(before, events[event]).state.phase).toBe(before.phase)
    },
  )
})

describe('the first delay depends on the cause', () => {
  test.each([0, 0.25, 0.999])('a network failure waits anywhere up to backoffBaseMs (%d)', random => {
    expect(delayAfter('network', { random })).toBe(Math.round(random * policy.backoffBaseMs))
  })

  test.each(['server-restart', 'server-closed'] as const)('%s spreads over restartSpreadMs, each time', cause => {
    expect(delayAfter(cause, { random: 0.5 })).toBe(policy.restartSpreadMs / 2)
    expect(delayAfter(cause, { random: 0.999 })).toBeCloseTo(policy.restartSpreadMs * 0.999)
    expect(delayAfter(cause, { random: 0.5, failures: 1 })).toBe(policy.restartSpreadMs / 2)
  })

  test('after a restart every attempt is spread, later ones wait for half of it at least, until one is accepted', () => {
    const context = { now: 0, random: 0.9, policy }
    const failed = (state: ConnectionState) => step(state, { type: 'failed', cause: 'network' }, context).state
    const lost = step(inPhase(phases.open), { type: 'failed', cause: 'server-restart' }, context).state
    const again = failed({ ...lost, phase: phases.connecting })
    expect(deadline(again.phase)).toBe(policy.restartSpreadMs * 1.4)
    const { state: open } = step({ ...again, phase: phases.connecting }, { type: 'opened' }, context)
    expect(deadline(failed({ ...open, failures: 0 }).phase)).toBe(policy.backoffBaseMs * 0.9)
  })

  test('rate-limited waits at least as long as the server says, and jitter on top', () => {
    expect(delayAfter('rate-limited', { retryAfterMs: 7_000, random: 0 })).toBe(7_000)
    expect(delayAfter('rate-limited', { retryAfterMs: 7_000, random: 0.5 })).toBe(7_500)
  })

  test('rate-limited without a time waits backoffMaxMs', () => {
    expect(delayAfter('rate-limited', { random: 0 })).toBe(policy.backoffMaxMs)
  })

  test('the bound doubles with every failure', () => {
    const delays = [0, 1].map(failures => delayAfter('network', { failures, random: 0.999_999 }))
    expect(delays).toEqual([1_000, 2_000])
  })
})

test('another tab that says it is online shortens no wait', () => {
  const waiting = inPhase(phases.waiting, { online: true })
  expect(run(waiting, events.online).state).toBe(waiting)
})

describe('a rate limit', () => {
  const limited = run(inPhase(phases.connecting), { type: 'failed', cause: 'rate-limited', retryAfterMs: 7_000 }).state
  const ways: ConnectionEvent[][] = [
    [events.online],
    [events.offline, events.online],
    [events.offline, events.due],
    [events.unneeded, events.needed],
  ]

  test.each(ways.map(way => ({ way, title: way.map(({ type }) => type).join(', then ') })))(
    'is kept whatever happens meanwhile: $title',
    ({ way }) => {
      const state = after(limited, ...way)
      expect(state.phase).toMatchObject({ name: 'waiting', cause: 'rate-limited' })
      expect(deadline(state.phase)).toBeGreaterThanOrEqual(7_000)
      expect(run(state, events.due, { now: 7_500 }).effect).toBe('open')
    },
  )

  test('is kept when it opened the circuit and a tab becomes visible', () => {
    const { state } = run(inPhase(phases.connecting, { failures: 2 }), {
      type: 'failed',
      cause: 'rate-limited',
      retryAfterMs: 500_000,
    })
    expect(deadline(state.phase)).toBe(500_000)
    expect(run(state, events.visible, { now: 1_000 }).effect).toBeUndefined()
  })

  test('that is looked at too early is waited for anew, until the same time', () => {
    const { state, effect } = run(limited, events.due, { now: 6_999.5 })
    expect(effect).toBeUndefined()
    expect(state.phase).toEqual(limited.phase)
    expect(state.phase).not.toBe(limited.phase)
  })

  test('yields to somebody who reconnects by hand', () => {
    expect(run(limited, events.reconnect).effect).toBe('open')
  })
})

describe('refused credentials', () => {
  const refused = run(inPhase(phases.connecting), { type: 'failed', cause: 'credentials' }).state

  test('block without a deadline, also at the first failure', () => {
    expect(refused.phase).toEqual(phases.refused)
    expect(deadline(refused.phase)).toBeUndefined()
  })

  test.each((Object.keys(events) as EventKey[]).filter(key => !['unneeded', 'close'].includes(key)))(
    '%s: another attempt is made only with other credentials or by hand',
    key => {
      const isAttempt = run(refused, events[key]).effect === 'open'
      expect(isAttempt).toBe(key === 'credentials' || key === 'reconnect')
    },
  )
})

describe('the circuit', () => {
  const attempt = (failures: number): ConnectionState => inPhase(phases.connecting, { failures })

  test('opens with failure number circuitFailures and not before', () => {
    expect(run(attempt(1), events.failed).state.phase.name).toBe('waiting')
    expect(run(attempt(2), events.failed, { random: 0 }).state.phase).toEqual({ ...phases.circuitOpen, until: 60_000 })
  })

  test('waits one to two cooldowns, and longer when the server says so', () => {
    expect(deadline(run(attempt(2), events.failed, { random: 0.5 }).state.phase)).toBe(90_000)
    const told = { type: 'failed', cause: 'rate-limited', retryAfterMs: 300_000 } as const
    expect(deadline(run(attempt(2), told).state.phase)).toBe(300_000)
  })

  test.each(['due', 'online', 'visible', 'reconnect'] as const)('half-opens on %s: one attempt is let through', key => {
    const tried = run(inPhase(phases.circuitOpen, { failures: 3, online: key !== 'online' }), events[key])
    expect(tried.effect).toBe('open')
    expect(run(tried.state, events.failed).state.phase).toMatchObject({ name: 'blocked', reason: 'circuit-open' })
  })

  test('closes when a connection stays for stableMs', () => {
    const opened = run(inPhase(phases.connecting, { failures: 3 }), events.opened, { now: 1_000 }).state
    expect(opened.phase).toEqual({ name: 'open', since: 1_000 })
    const { state } = run(opened, events.failed, { now: 6_000 })
    expect(state.phase.name).toBe('waiting')
    expect(state.failures).toBe(1)
  })

  test('opens again when a connection goes before stableMs', () => {
    const opened = run(inPhase(phases.connecting, { failures: 3 }), events.opened, { now: 1_000 }).state
    const { state } = run(opened, events.failed, { now: 5_999 })
    expect(state.phase).toMatchObject({ name: 'blocked', reason: 'circuit-open' })
    expect(state.failures).toBe(4)
  })

  test('forgets its failures when a stable connection is closed because nobody needs it', () => {
    const { state } = run(inPhase(phases.open, { failures: 2 }), events.unneeded, { now: policy.stableMs })
    expect(state.failures).toBe(0)
    const young = run(inPhase(phases.open, { failures: 2 }), events.unneeded, { now: policy.stableMs - 1 })
    expect(young.state.failures).toBe(2)
  })
})

describe('without a network', () => {
  test('a failure pauses instead of counting down, for backoffMaxMs at most: the browser may be wrong', () => {
    const { state } = run(inPhase(phases.connecting, { online: false }), events.failed)
    expect(state.phase).toEqual({ name: 'paused', until: policy.backoffMaxMs })
  })

  test('an open connection stays: the hint may be wrong', () => {
    const { state, effect } = run(inPhase(phases.open), events.offline)
    expect(state).toMatchObject({ phase: phases.open, online: false })
    expect(effect).toBeUndefined()
  })

  test('the way back is at once', () => {
    expect(run(inPhase(phases.paused, { online: false }), events.online)).toMatchObject({
      effect: 'open',
      state: { online: true },
    })
  })
})

test.each<[Phase, number, object]>([
  [phases.idle, 0, { status: 'idle' }],
  [phases.connecting, 0, { status: 'connecting' }],
  [phases.connecting, 1, { status: 'connecting', reason: 'retry' }],
  [phases.open, 0, { status: 'open' }],
  [phases.waiting, 1, { status: 'offline', reason: 'network' }],
  [phases.paused, 1, { status: 'offline', reason: 'no-network' }],
  [phases.refused, 1, { status: 'blocked', reason: 'credentials-refused' }],
  [phases.circuitOpen, 3, { status: 'blocked', reason: 'circuit-open' }],
  [phases.closed, 0, { status: 'closed', reason: 'broker-closed' }],
])('tabs are told of %j after %i failures in their own words', (phase, failures, told) => {
  expect(toLineStatus(inPhase(phase, { failures }))).toEqual(told)
})

describe('after any sequence of events', () => {
  const failure = fc.record({
    type: fc.constant('failed' as const),
    cause: fc.constantFrom<CauseKind>(
      'network',
      'server-restart',
      'server-closed',
      'credentials',
      'no-credentials',
      'rate-limited',
    ),
    retryAfterMs: fc.option(fc.nat(100_000), { nil: undefined }),
  })
  const others = Object.values(events).filter(({ type }) => type !== 'close' && type !== 'failed')
  const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<ConnectionEvent>(...others) },
    { weight: 4, arbitrary: failure },
    { weight: 1, arbitrary: fc.constant(events.close) },
  )
  const happening = fc.record({
    event,
    laterMs: fc.nat(40_000),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })

  const isLive = ({ name }: Phase): boolean => name === 'connecting' || name === 'open'
  const mayWait = (phase: Phase): boolean =>
    phase.name === 'waiting' || phase.name === 'paused' || (phase.name === 'blocked' && phase.reason === 'circuit-open')

  /** Calls `check` for every step of a random life of a connection. */
  function forEveryStep(
    check: (before: ConnectionState, event: ConnectionEvent, after: ReturnType<typeof step>, now: number) => void,
  ): void {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), life => {
        let state = INITIAL_STATE
        let now = 0
        for (const { event: next, laterMs, random } of life) {
          now += laterMs
          const result = step(state, next, { now, random, policy })
          check(state, next, result, now)
          state = result.state
        }
      }),
      { numRuns: 500 },
    )
  }

  test('closed is final', () => {
    forEveryStep((before, _, { state, effect }) => {
      const isUnchanged = state === before && effect === undefined
      expect(before.phase.name !== 'closed' || isUnchanged).toBe(true)
    })
  })

  test('a connection is opened exactly when connecting begins', () => {
    forEveryStep((before, _, { state, effect }) => {
      const begins = state.phase !== before.phase && state.phase.name === 'connecting'
      expect(effect === 'open').toBe(begins)
      expect(begins && isLive(before.phase)).toBe(false)
    })
  })

  test('a connection is closed exactly when a live phase ends in one without a connection', () => {
    forEveryStep((before, _, { state, effect }) => {
      expect(effect === 'close').toBe(isLive(before.phase) && !isLive(state.phase))
    })
  })

  test('only waiting, paused and circuit-open have a deadline, and it is not in the past', () => {
    forEveryStep((before, _, { state }, now) => {
      const until = deadline(state.phase)
      expect(until !== undefined).toBe(mayWait(state.phase))
      expect(state.phase === before.phase || (until ?? now) >= now).toBe(true)
    })
  })

  test('no attempt is made before the time that a rate-limiting server asked for, except by hand', () => {
    let notBefore = 0
    forEveryStep((before, next, { effect }, now) => {
      if (before === INITIAL_STATE) notBefore = 0
      if (next.type === 'failed' && next.cause === 'rate-limited' && isLive(before.phase))
        notBefore = now + (next.retryAfterMs ?? policy.backoffMaxMs)
      if (next.type === 'reconnect') notBefore = 0
      expect(effect === 'open' && now < notBefore).toBe(false)
    })
  })
})
