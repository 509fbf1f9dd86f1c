import { describe, expect, test } from 'vitest'
import type { StaleStamp } from '../../src/outbox/index.ts'
import { NO_COUNTS, type StaleRule } from '../../src/protocol/index.ts'
import { Staleness } from '../../src/worker/caching/staleness.ts'
import { fakeClockHost, type FakeClockHost } from '../support/line/fake-clock-host.ts'

interface Watched {
  readonly host: FakeClockHost
  readonly staleness: Staleness
  readonly written: StaleStamp[][]
  rules: readonly StaleRule[]
}

function watched(rules: readonly StaleRule[]): Watched {
  const written: StaleStamp[][] = []
  const clock = fakeClockHost()
  const host: FakeClockHost = Object.assign(clock, {
    caches: {
      rules: () => Promise.resolve(all.rules),
      markStale: (stamps: readonly StaleStamp[]) => Promise.resolve(void written.push([...stamps])),
      counts: () => Promise.resolve(NO_COUNTS),
      wipe: () => Promise.resolve(),
    },
  })
  const all = { host, written, rules } as { -readonly [field in keyof Watched]: Watched[field] }
  all.staleness = new Staleness(host, 'ann')
  return all
}

const ticks: StaleRule = { route: 'orders', isScoped: true, channel: 'orders', event: 'tick' }
const anything: StaleRule = { route: 'menu', isScoped: false, channel: 'orders' }

describe('an event', () => {
  test('stamps the routes that name it, each for its scope, with the time at which it came', async () => {
    const { host, staleness, written } = watched([ticks, anything])
    await host.advance(7)
    staleness.heard('orders', 'tick')
    staleness.heard('chat', 'tick')
    expect(written).toEqual([
      [
        { scope: 'ann', route: 'orders', at: host.wallClock() },
        { scope: '', route: 'menu', at: host.wallClock() },
      ],
    ])
  })

  test('of another name stamps only what names the whole channel', async () => {
    const { host, staleness, written } = watched([ticks, anything])
    await host.advance(0)
    staleness.heard('orders', 'created')
    expect(written.flat().map(({ route }) => route)).toEqual(['menu'])
  })

  test('that comes before the rules are read is not lost', async () => {
    const { host, staleness, written } = watched([ticks])
    staleness.heard('orders', 'tick')
    await host.advance(0)
    expect(written.flat()).toHaveLength(1)
  })
})

test('many events are a few stamps, the last of them as late as the last event', async () => {
  const { host, staleness, written } = watched([ticks])
  await host.advance(0)
  let last = 0
  for (let i = 0; i < 100; i++) {
    last = host.wallClock()
    staleness.heard('orders', 'tick')
    await host.advance(10)
  }
  await host.advance(1_000)
  expect(written.length).toBeLessThanOrEqual(6)
  expect(written.at(-1)?.[0]?.at).toBe(last)
  expect(host.timers()).toEqual([])
})

test('where events may have been missed all routes of the channel are stale', async () => {
  const { host, staleness, written } = watched([ticks])
  await host.advance(0)
  staleness.interrupted('orders')
  expect(written.flat()).toHaveLength(1)
})

test('other rules count from when they are read', async () => {
  const all = watched([])
  await all.host.advance(0)
  all.staleness.heard('orders', 'tick')
  all.rules = [ticks]
  all.staleness.readRules()
  await all.host.advance(0)
  all.staleness.heard('orders', 'tick')
  expect(all.written).toHaveLength(1)
})

test('after its end nothing is written, and what was due is when it was flushed before', async () => {
  const { host, staleness, written } = watched([ticks])
  await host.advance(0)
  staleness.heard('orders', 'tick')
  staleness.heard('orders', 'tick')
  staleness.flush()
  staleness.heard('orders', 'tick')
  staleness.close()
  staleness.heard('orders', 'tick')
  await host.advance(1_000)
  expect(written).toHaveLength(2)
})
