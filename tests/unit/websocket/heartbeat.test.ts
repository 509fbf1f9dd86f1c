import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Heartbeat } from '../../../src/worker/transports/websocket-heartbeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp(): { heartbeat: Heartbeat; ping: () => void; dead: () => void } {
  const [ping, dead] = [vi.fn<() => void>(), vi.fn<() => void>()]
  return { heartbeat: new Heartbeat({ pingMs: 1_000, pongMs: 300, ping, dead }), ping, dead }
}

test('nobody is asked while there is something to hear', () => {
  const { heartbeat, ping } = setUp()
  for (let n = 0; n < 20; n++) {
    vi.advanceTimersByTime(400)
    heartbeat.heard()
  }
  expect(ping).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1_000)
  expect(ping).toHaveBeenCalledTimes(1)
})

test('an answer, whatever it is, is a sign of life', () => {
  const { heartbeat, ping, dead } = setUp()
  for (let n = 1; n <= 5; n++) {
    vi.advanceTimersByTime(1_000)
    expect(ping).toHaveBeenCalledTimes(n)
    heartbeat.heard()
    vi.advanceTimersByTime(300)
    heartbeat.heard()
  }
  expect(dead).not.toHaveBeenCalled()
})

test('without an answer it is dead, and nothing comes after', () => {
  const { ping, dead } = setUp()
  vi.advanceTimersByTime(1_299)
  expect(dead).not.toHaveBeenCalled()
  vi.advanceTimersByTime(100_000)
  expect(dead).toHaveBeenCalledTimes(1)
  expect(ping).toHaveBeenCalledTimes(1)
})

test('nothing comes after it was stopped', () => {
  const { heartbeat, ping, dead } = setUp()
  heartbeat.stop()
  vi.advanceTimersByTime(10_000)
  expect(ping).not.toHaveBeenCalled()
  expect(dead).not.toHaveBeenCalled()
})
