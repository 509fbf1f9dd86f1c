import type { ConnectionPolicy } from '../../../src/worker/upstream/connection-state.ts'
import type { CauseKind } from '../../../src/worker/upstream/transport.ts'
import { seeded } from '../random.ts'
import { Agenda } from './agenda.ts'
import { SimulatedBroker, type Answer, type Happening } from './simulated-broker.ts'

/** One server, and the brokers that want to be connected to it, on a clock of their own. */
export interface Fleet {
  readonly agenda: Agenda
  readonly brokers: readonly SimulatedBroker[]
  random(): number
  /** What the server answers from now on; some of it may depend on who asks. */
  answers(answer: (broker: SimulatedBroker) => Answer): void
  /** The open connections of these brokers are gone. */
  lose(cause: CauseKind, brokers?: readonly SimulatedBroker[]): void
  openCount(): number
  /** When it happened to any of them. */
  times(what: Happening['what']): readonly number[]
}

const SLOWEST_ANSWER_MS = 400

export function fleetOf(size: number, policy: ConnectionPolicy, seed: number): Fleet {
  const agenda = new Agenda()
  const { next: random } = seeded(seed)
  let answer: (broker: SimulatedBroker) => Answer = () => 'accepted'
  const server = (broker: SimulatedBroker): { answer: Answer; tookMs: number } => ({
    answer: answer(broker),
    tookMs: 20 + random() * (SLOWEST_ANSWER_MS - 20),
  })
  const brokers = Array.from({ length: size }, () => new SimulatedBroker({ agenda, policy, random, server }))
  return {
    agenda,
    brokers,
    random,
    answers(given) {
      answer = given
    },
    lose(cause, losers = brokers) {
      for (const broker of losers) if (broker.isOpen) broker.dispatch({ type: 'failed', cause })
    },
    openCount: () => brokers.filter(({ isOpen }) => isOpen).length,
    times(what) {
      const times: number[] = []
      for (const { story } of brokers) for (const one of story) if (one.what === what) times.push(one.at)
      return times
    },
  }
}
