import { expect, test } from 'vitest'
import { Pulse } from '../../src/worker/observe/pulse.ts'
import { fakeClockHost } from '../support/line/fake-clock-host.ts'

function setUp() {
  const host = fakeClockHost()
  let late = 0
  const pulse = new Pulse(host, () => late++)
  return { host, pulse, late: () => late }
}

test('a worker whose code runs has no pause', async () => {
  const { host, pulse, late } = setUp()
  pulse.start()
  await host.advance(60_000)
  expect(pulse.hasPausedSince(0)).toBe(false)
  expect(late()).toBe(0)
})

test.each([
  ['a little longer than a tab waits for an answer', 2_001, true],
  ['shorter', 2_000, false],
  ['a night', 8 * 60 * 60 * 1_000, true],
])('a pause of %s counts for what was before it, also before it is noticed: %s ms → %s', async (_, ms, isPause) => {
  const { host, pulse, late } = setUp()
  pulse.start()
  host.jump(ms)
  // Which of them runs first, the timer or what came in meanwhile, is up to the browser.
  expect(pulse.hasPausedSince(0)).toBe(isPause)
  expect(late()).toBe(isPause ? 1 : 0)
  expect(pulse.hasPausedSince(ms)).toBe(false)
  await host.advance(0)
  expect(pulse.hasPausedSince(0)).toBe(isPause)
  expect(pulse.hasPausedSince(ms - 1)).toBe(isPause)
  expect(pulse.hasPausedSince(ms)).toBe(false)
  expect(late()).toBe(isPause ? 1 : 0)
})

test('each pause is noticed, once', async () => {
  const { host, pulse, late } = setUp()
  pulse.start()
  for (let pauses = 1; pauses <= 3; pauses++) {
    host.jump(10_000)
    await host.advance(5_000)
    expect(late()).toBe(pauses)
  }
})

test('it beats once however often it is started, and no more when it is stopped', async () => {
  const { host, pulse, late } = setUp()
  pulse.start()
  pulse.start()
  expect(host.timers()).toHaveLength(1)
  pulse.stop()
  pulse.stop()
  expect(host.timers()).toEqual([])
  host.jump(10_000)
  await host.advance(10_000)
  expect(pulse.hasPausedSince(0)).toBe(false)
  expect(late()).toBe(0)
})

test('the time while it was stopped is no pause', async () => {
  const { host, pulse, late } = setUp()
  pulse.start()
  pulse.stop()
  host.jump(10_000)
  pulse.start()
  await host.advance(10_000)
  expect(late()).toBe(0)
})
