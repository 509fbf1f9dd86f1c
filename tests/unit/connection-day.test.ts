import { beforeAll, describe, expect, test } from 'vitest'
import { resolveOptions } from '../../src/worker/index.ts'
import type { ConnectionPolicy, ConnectionState } from '../../src/worker/upstream/connection-state.ts'
import type { CauseKind } from '../../src/worker/upstream/transport.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { fleetOf, type Fleet } from '../support/simulation/fleet.ts'
import type { Happening, SimulatedBroker } from '../support/simulation/simulated-broker.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const BROKERS = 1_000

const policy: ConnectionPolicy = resolveOptions({ transport: testTransport() })
const RETRY_AFTER_MS = 20 * SECOND
const ACCEPTED_PER_SECOND = 20

let fleet: Fleet
/** When a server had restarted, or had begun to. */
const restarts: number[] = []

beforeAll(() => {
  fleet = fleetOf(BROKERS, policy, Number(process.env['SEED'] ?? 7))
  planDay(fleet)
  fleet.agenda.runUntil(DAY)
}, 60_000)

describe('24 hours of 1 000 brokers at one server', { timeout: 30_000 }, () => {
  test('at the end all are connected that were not refused, and nobody was forgotten', () => {
    expect(fleet.openCount()).toBe(BROKERS)
    expect(fleet.times('attempt').length).toBeGreaterThan(20 * BROKERS)
  })

  test.each(['attempt', 'opened'] as const)('after a restart no second has more than 5 % of all: %s', what => {
    const happened = fleet.times(what)
    expect(restarts.length).toBeGreaterThan(10)
    for (const from of restarts) {
      const times = happened.filter(at => at >= from && at < from + 10 * MINUTE)
      expect(times.length).toBeGreaterThanOrEqual(BROKERS)
      expect(busiestSecond(times), `restart at ${from / HOUR} h`).toBeLessThanOrEqual(times.length * 0.05)
    }
  })

  test('after a rate limit none is tried before the server allows it', () => {
    const limited = attemptsAfter(isRateLimited)
    expect(limited.length).toBeGreaterThan(100)
    expect(limited.filter(({ from, attempt }) => attempt.at - from.at < RETRY_AFTER_MS)).toEqual([])
  })

  test('after refused credentials none is tried without other ones, or by hand', () => {
    const refused = attemptsAfter(isRefused)
    expect(refused.length).toBeGreaterThan(50)
    expect(refused.filter(({ trigger }) => !['credentials', 'reconnect'].includes(trigger.what))).toEqual([])
  })

  test('while the browser is offline attempts are `backoffMaxMs` apart', () => {
    const paused = attemptsAfter(
      ({ after }, before) => after.phase.name === 'paused' && after.phase !== before?.after.phase,
    )
    const byTimer = paused.filter(({ trigger, last }) => trigger.what === 'due' && last.after.phase.name === 'paused')
    expect(byTimer.length).toBeGreaterThan(100)
    expect(byTimer.filter(({ from, attempt }) => attempt.at - from.at !== policy.backoffMaxMs)).toEqual([])
  })

  test('no wait is longer than what its cause asks for', () => {
    const waits = all(({ at, after: { phase, isCrowded } }) =>
      phase.name === 'waiting' ? [{ cause: phase.cause, isCrowded, ms: phase.until - at }] : [],
    )
    expect(waits.length).toBeGreaterThan(10 * BROKERS)
    expect(waits.filter(({ cause, isCrowded, ms }) => ms > longestWaitMs(cause, isCrowded))).toEqual([])
  })

  test('the circuit opens with the failure that is one too many, and not before', () => {
    const failures = all(one => (one.what === 'failed' && !isRefused(one) ? [one.after] : []))
    expect(failures.filter(isCircuitOpen).length).toBeGreaterThan(BROKERS)
    expect(failures.filter(after => isCircuitOpen(after) !== after.failures >= policy.circuitFailures)).toEqual([])
  })

  test('an open circuit lets one attempt through, after its cooldown or for a tab that becomes visible', () => {
    const released = attemptsAfter(({ what, after }) => what === 'failed' && isCircuitOpen(after))
    const triggers = new Set(released.map(({ trigger }) => trigger.what))
    expect(triggers).toContain('visible')
    expect([...triggers].filter(what => !['due', 'visible', 'online', 'reconnect'].includes(what))).toEqual([])
    const waitedMs = released.flatMap(({ from, trigger, attempt }) =>
      trigger.what === 'due' ? [attempt.at - from.at] : [],
    )
    expect(Math.min(...waitedMs)).toBeGreaterThanOrEqual(policy.circuitCooldownMs)
    expect(Math.max(...waitedMs)).toBeLessThanOrEqual(2 * policy.circuitCooldownMs)
  })

  test('a circuit closes for good once a connection has stayed', () => {
    const lost = all((one, before) =>
      one.what === 'failed' && before?.after.phase.name === 'open'
        ? [{ failures: one.after.failures, livedMs: one.at - before.after.phase.since }]
        : [],
    )
    const stable = lost.filter(({ livedMs }) => livedMs >= policy.stableMs)
    expect(stable.length).toBeGreaterThan(10 * BROKERS)
    expect(stable.filter(({ failures }) => failures !== 1)).toEqual([])
  })
})

/** Something goes wrong every half hour, in turns; in between there are brokers whose own network comes and goes. */
function planDay({ agenda, brokers, random, answers, lose }: Fleet): void {
  const some = (share: number): readonly SimulatedBroker[] => brokers.filter(() => random() < share)
  const incidents = [restart, outage, drop, rateLimit, restart, refusal, slowRestart, flapping]

  for (const broker of brokers) agenda.note(random() * 10 * MINUTE, () => broker.dispatch({ type: 'needed' }))
  for (let at = HOUR / 2, index = 0; at < DAY - HOUR; at += HOUR / 2, index++)
    agenda.note(at, () => incidents[index % incidents.length]?.())
  for (let at = HOUR / 8; at < DAY - HOUR; at += HOUR / 4)
    for (const broker of some(0.05)) agenda.note(at + random() * 10 * MINUTE, () => loseNetwork(broker))

  function restart(): void {
    restarts.push(agenda.now)
    lose('server-restart')
  }

  /** Gone for a minute; those that come meanwhile find nobody. */
  function slowRestart(): void {
    answers(() => ({ cause: 'network' }))
    agenda.note(agenda.now + MINUTE, () => answers(() => 'accepted'))
    restart()
  }

  /** Twice within the time that a connection needs to prove itself, for those that are quick. */
  function flapping(): void {
    restart()
    agenda.note(agenda.now + policy.restartSpreadMs, restart)
  }

  function outage(): void {
    answers(() => ({ cause: 'network' }))
    lose('network')
    agenda.note(agenda.now + 5 * MINUTE, () => some(0.1).forEach(broker => broker.dispatch({ type: 'visible' })))
    agenda.note(agenda.now + 15 * MINUTE, () => answers(() => 'accepted'))
  }

  function drop(): void {
    lose('network', some(0.3))
  }

  function rateLimit(): void {
    let second = 0
    let accepted = 0
    answers(() => {
      const now = Math.floor(agenda.now / SECOND)
      accepted = now === second ? accepted + 1 : 1
      second = now
      return accepted <= ACCEPTED_PER_SECOND ? 'accepted' : { cause: 'rate-limited', retryAfterMs: RETRY_AFTER_MS }
    })
    lose('network')
    agenda.note(agenda.now + 20 * MINUTE, () => answers(() => 'accepted'))
  }

  function refusal(): void {
    const refused = new Set(some(0.1))
    answers(broker => (refused.has(broker) ? { cause: 'credentials' } : 'accepted'))
    lose('server-closed', [...refused])
    for (const broker of refused)
      agenda.note(agenda.now + 5 * MINUTE + random() * 10 * MINUTE, () => {
        refused.delete(broker)
        broker.dispatch({ type: random() < 0.8 ? 'credentials' : 'reconnect' })
      })
  }

  function loseNetwork(broker: SimulatedBroker): void {
    broker.dispatch({ type: 'offline' })
    lose('network', [broker])
    agenda.note(agenda.now + random() * 3 * MINUTE, () => broker.dispatch({ type: 'online' }))
  }
}

interface Waited {
  readonly from: Happening
  /** The last before what led to the attempt. */
  readonly last: Happening
  /** What led to the attempt. */
  readonly trigger: Happening
  readonly attempt: Happening
}

type Fits = (happening: Happening, before: Happening | undefined) => boolean

/** Of every broker: what is looked for, and the next attempt after it. */
function attemptsAfter(fits: Fits): readonly Waited[] {
  return fleet.brokers.flatMap(({ story }) => {
    const found: Waited[] = []
    let from: Happening | undefined
    for (const [index, happening] of story.entries()) {
      const [last, trigger] = [story[index - 2], story[index - 1]]
      if (happening.what !== 'attempt') {
        if (fits(happening, trigger)) from = happening
      } else if (from !== undefined && last !== undefined && trigger !== undefined) {
        found.push({ from, last, trigger, attempt: happening })
        from = undefined
      }
    }
    return found
  })
}

function all<T>(look: (happening: Happening, before: Happening | undefined) => readonly T[]): readonly T[] {
  return fleet.brokers.flatMap(({ story }) => story.flatMap((happening, index) => look(happening, story[index - 1])))
}

function isRateLimited({ event }: Happening): boolean {
  return event?.type === 'failed' && event.cause === 'rate-limited'
}

function isRefused({ what, after: { phase } }: Happening): boolean {
  return what === 'failed' && phase.name === 'blocked' && phase.reason === 'credentials-refused'
}

function isCircuitOpen({ phase }: ConnectionState): boolean {
  return phase.name === 'blocked' && phase.reason === 'circuit-open'
}

function longestWaitMs(cause: CauseKind, isCrowded: boolean): number {
  const ownMs = isCrowded ? Math.max(1.5 * policy.restartSpreadMs, policy.backoffMaxMs) : policy.backoffMaxMs
  return cause === 'rate-limited' ? RETRY_AFTER_MS + ownMs : ownMs
}

function busiestSecond(times: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const time of times) {
    const second = Math.floor(time / SECOND)
    counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  return Math.max(...counts.values())
}
