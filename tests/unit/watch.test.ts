import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watch } from '../../src/client/watch.ts'

const TICK_MS = 700

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A watched broker that answers as long as it is told to. */
function setUp() {
  const end = new AbortController()
  const broker = { answers: true, pings: 0, misses: 0, silences: 0 }
  const unanswered: (() => void)[] = []
  const check = watch(
    () => {
      broker.pings++
      return broker.answers ? Promise.resolve() : new Promise<void>(resolve => unanswered.push(resolve))
    },
    () => broker.misses++,
    () => {
      broker.silences++
      // As an attachment ends by it.
      end.abort()
    },
    end.signal,
  )
  return {
    broker,
    end,
    check,
    answerLate() {
      for (const answer of unanswered.splice(0)) answer()
    },
  }
}

const ticks = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * TICK_MS)

test('a broker that answers is asked again and again, and never taken for silent', async () => {
  const { broker } = setUp()
  await ticks(100)
  expect(broker).toEqual({ answers: true, pings: 100, misses: 0, silences: 0 })
})

test('one that does not answer is taken for silent after four ticks, once, and asked no more', async () => {
  const { broker } = setUp()
  await ticks(10)
  broker.answers = false
  await ticks(4)
  expect(broker).toMatchObject({ pings: 11, silences: 0 })
  await ticks(1)
  expect(broker).toMatchObject({ pings: 11, silences: 1 })
  await ticks(100)
  expect(broker).toMatchObject({ pings: 11, silences: 1 })
})

test('one that dies at any time is taken for silent within 4 s', async () => {
  const { broker } = setUp()
  await vi.advanceTimersByTimeAsync(10 * TICK_MS + 1)
  broker.answers = false
  await vi.advanceTimersByTimeAsync(4_000)
  expect(broker.silences).toBe(1)
})

test('whenever an answer is overdue that is told, so that somebody can look for a newer broker', async () => {
  const { broker, answerLate } = setUp()
  broker.answers = false
  await ticks(1)
  expect(broker.misses).toBe(0)
  await ticks(3)
  expect(broker).toMatchObject({ misses: 3, silences: 0 })
  answerLate()
  await ticks(1)
  expect(broker).toMatchObject({ pings: 2, misses: 3 })
})

test('one that answers late has all its time anew', async () => {
  const { broker, answerLate } = setUp()
  broker.answers = false
  for (let round = 0; round < 5; round++) {
    await ticks(4)
    answerLate()
  }
  expect(broker).toMatchObject({ pings: 5, silences: 0 })
})

test('after a sleep one overdue tick is not enough, however long it was', async () => {
  const { broker, answerLate } = setUp()
  await ticks(1)
  broker.answers = false
  await ticks(1)
  // The clock goes on by a night, of which the timer makes one tick.
  vi.setSystemTime(Date.now() + 8 * 60 * 60 * 1_000)
  await ticks(1)
  expect(broker.silences).toBe(0)
  broker.answers = true
  answerLate()
  await ticks(10)
  expect(broker.silences).toBe(0)
})

test('a question that fails is an answer', async () => {
  let pings = 0
  let silences = 0
  watch(
    () => {
      pings++
      return Promise.reject(new Error('gone'))
    },
    () => {},
    () => silences++,
    new AbortController().signal,
  )
  await ticks(10)
  expect([pings, silences]).toEqual([10, 0])
})

test('it asks at once when it is told to, but not twice at the same time', async () => {
  const { broker, check } = setUp()
  broker.answers = false
  check()
  check()
  expect(broker.pings).toBe(1)
  await ticks(4)
  expect(broker).toMatchObject({ pings: 1, silences: 1 })
})

test('it tells that the answer is overdue when it is told to ask by then, whatever the timer does', () => {
  const { broker, check } = setUp()
  broker.answers = false
  check()
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 299)
  check()
  expect(broker).toMatchObject({ pings: 1, misses: 0 })
  clock.mockReturnValue(now + 300)
  for (let times = 0; times < 10; times++) check()
  expect(broker).toMatchObject({ pings: 1, misses: 10, silences: 0 })
  clock.mockRestore()
})

test('it ends with its signal', async () => {
  const { broker, end } = setUp()
  broker.answers = false
  await ticks(2)
  end.abort()
  await ticks(100)
  expect(broker).toMatchObject({ pings: 1, silences: 0 })
  expect(vi.getTimerCount()).toBe(0)
})
