import { expect, test } from 'vitest'
import { Pauses } from '../../../src/sw/drain/pauses.ts'

function pauses() {
  const clock = { now: 1_000 }
  return { clock, pauses: new Pauses({ now: () => clock.now, random: () => 0.5 }) }
}

test('a lane that fails waits longer each time, and no longer after it has worked', () => {
  const { clock, pauses: all } = pauses()
  const waits: (number | undefined)[] = []
  for (let failure = 1; failure <= 9; failure++) {
    all.failed('a', {})
    waits.push(all.nextMs())
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  expect(all.has('a')).toBe(true)
  clock.now += 30_000
  expect(all.has('a')).toBe(false)
  expect(all.nextMs()).toBeUndefined()
  all.worked('a')
  all.failed('a', {})
  expect(all.nextMs()).toBe(500)
})

test('a server that says when is obeyed, also when the network comes back', () => {
  const { pauses: all } = pauses()
  all.failed('a', { retryAfterMs: 7_000 })
  all.endThoseForNetwork()
  expect(all.nextMs()).toBe(7_000)
  expect(all.awaitNetwork).toBe(false)
})

test('what waits for a network waits no longer when it is back', () => {
  const { pauses: all } = pauses()
  all.failed('a', { isForNetwork: true })
  expect(all.awaitNetwork).toBe(true)
  all.endThoseForNetwork()
  expect(all.has('a')).toBe(false)
})
