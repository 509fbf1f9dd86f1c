import { deleteOutbox } from '../../../src/outbox/index.ts'
import { nodeStorage } from './storage.ts'
import { nextId, type NodeHost, type Surroundings } from './node-host.ts'

export interface FakeClockHost extends NodeHost {
  /** What `random` gives. @default 0 */
  randomness: number
  /** The times at which the armed timers are due, the next first. */
  timers(): readonly number[]
  /** Moves the clock on; runs the timers that come due, in their order, and what follows from each. */
  advance(ms: number): Promise<void>
  /** Moves the clock on as a sleep does: no timer runs meanwhile, those that came due run with the next `advance`. */
  jump(ms: number): void
}

interface Timer {
  readonly due: number
  readonly run: () => void
}

const STARTED_AT = Date.UTC(2026, 0, 1)

/** A broker's host whose clock stands still until a test moves it. */
export function fakeClockHost({
  locks = new Set(),
  openOutbox = nodeStorage(),
  ...surroundings
}: Surroundings = {}): FakeClockHost {
  const errors: unknown[] = []
  const timers = new Set<Timer>()
  let now = 0

  const inOrder = (): Timer[] => [...timers].sort((a, b) => a.due - b.due)

  const host: FakeClockHost = {
    ...surroundings,
    openOutbox,
    deleteOutbox,
    randomness: 0,
    locks,
    errors,
    now: () => now,
    random: () => host.randomness,
    randomId: nextId,
    setTimer(ms, run) {
      const timer: Timer = { due: now + Math.max(0, ms), run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    heldLocks: async () => new Set(locks),
    wallClock: () => STARTED_AT + now,
    script: { url: 'https://app.example/partyline.worker.js', type: 'module' },
    reportError: error => errors.push(error),
    timers: () => inOrder().map(({ due }) => due),
    async advance(ms) {
      const end = now + ms
      for (;;) {
        await reactions()
        const next = inOrder().find(({ due }) => due <= end)
        if (next === undefined) break
        timers.delete(next)
        now = Math.max(now, next.due)
        next.run()
      }
      now = Math.max(now, end)
    },
    jump(ms) {
      now += ms
    },
  }
  return host
}

/** Resolves when all promise reactions that are due have run. */
export function reactions(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
