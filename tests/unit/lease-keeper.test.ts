import { expect, test } from 'vitest'
import { LEASE_MS, RENEW_EVERY_MS, type Outbox } from '../../src/outbox/index.ts'
import { LeaseKeeper } from '../../src/worker/outgoing/lease-keeper.ts'
import { fakeClockHost, type FakeClockHost } from '../support/line/fake-clock-host.ts'
import { idle } from '../support/line/storage.ts'

interface Kept {
  readonly keeper: LeaseKeeper
  readonly box: Outbox
  /** What it was told, in order. */
  readonly words: string[]
  /** Moves the clock on, and lets the storage do what follows. */
  pass(ms: number): Promise<void>
}

/** Drainers of one browser's storage, by one clock. */
function browser(host = fakeClockHost()) {
  return {
    host,
    async keep(holder: string): Promise<Kept> {
      const box = await host.openOutbox({ scope: 'ann', now: host.wallClock })
      const words: string[] = []
      const keeper = new LeaseKeeper({
        host,
        box,
        holder,
        taken: () => words.push('taken'),
        changedHands: () => words.push('changed hands'),
        refused: () => words.push('refused'),
      })
      return { keeper, box, words, pass: ms => pass(host, box, ms) }
    },
  }
}

async function pass(host: FakeClockHost, box: Outbox, ms: number): Promise<void> {
  const end = host.now() + ms
  while (host.now() < end) {
    await host.advance(Math.min(50, end - host.now()))
    await idle(box)
  }
}

test('it is safe to send once the lease was taken, and not before', async () => {
  const { keeper, box, words } = await browser().keep('a')
  expect(keeper.isFresh).toBe(false)
  keeper.want()
  expect(keeper.isFresh).toBe(false)
  await idle(box)
  expect(keeper.isFresh).toBe(true)
  expect(words).toEqual(['changed hands'])
})

test('it is renewed for as long as there is something to send', async () => {
  const { keeper, words, pass: wait } = await browser().keep('a')
  keeper.want()
  for (let passed = 0; passed < 3 * LEASE_MS; passed += 100) {
    await wait(100)
    expect(keeper.isFresh).toBe(true)
  }
  expect(new Set(words)).toEqual(new Set(['changed hands', 'taken']))
})

test('it is renewed also where it was fresh still when there was something to send again', async () => {
  const { keeper, box, pass: wait } = await browser().keep('a')
  keeper.want()
  await idle(box)
  keeper.rest()
  await wait(100)
  keeper.want()
  for (let passed = 0; passed < 2 * LEASE_MS; passed += 100) {
    await wait(100)
    expect(keeper.isFresh).toBe(true)
  }
})

test('it lapses, without a word to the storage, when there is nothing to send', async () => {
  const { host, keep } = browser()
  const { keeper, words, pass: wait } = await keep('a')
  keeper.want()
  await wait(100)
  keeper.rest()
  expect(host.timers()).toEqual([])
  await wait(LEASE_MS)
  expect(keeper.isFresh).toBe(false)
  expect(words).toEqual(['changed hands'])
})

test('it is not safe to send any more when so little of it is left that a message may outlast it', async () => {
  const { host, keep } = browser()
  const { keeper, box } = await keep('a')
  keeper.want()
  await idle(box)
  keeper.rest()
  await host.advance(LEASE_MS - 301)
  expect(keeper.isFresh).toBe(true)
  await host.advance(1)
  expect(keeper.isFresh).toBe(false)
})

test.each([
  ['the wall clock alone goes on, as in a worker that was paused', { now: 0, wallClock: LEASE_MS }],
  ['the wall clock is set back', { now: 10, wallClock: -1_000 }],
  ['the other clock alone goes on', { now: LEASE_MS, wallClock: 10 }],
])('it is not safe to send any more when %s', async (_, jump) => {
  const clock = fakeClockHost()
  let jumped = { now: 0, wallClock: 0 }
  const host: FakeClockHost = {
    ...clock,
    now: () => clock.now() + jumped.now,
    wallClock: () => clock.wallClock() + jumped.wallClock,
  }
  const { keeper, box, words } = await browser(host).keep('a')
  keeper.want()
  await idle(box)
  expect(keeper.isFresh).toBe(true)
  jumped = jump
  expect(keeper.isFresh).toBe(false)
  keeper.want()
  await idle(box)
  expect(keeper.isFresh).toBe(true)
  expect(words).toEqual(['changed hands', 'taken'])
})

test('never two have it, and the second has it within LEASE_MS and one look after the first has died', async () => {
  const { host, keep } = browser()
  const first = await keep('a')
  const second = await keep('b')
  first.keeper.want()
  await idle(first.box)
  second.keeper.want()
  await second.pass(3 * LEASE_MS)
  expect([first.keeper.isFresh, second.keeper.isFresh]).toEqual([true, false])
  expect(new Set(second.words)).toEqual(new Set(['refused']))
  // Its timers do not run any more.
  first.keeper.rest()
  const died = host.now()
  while (!second.keeper.isFresh) {
    await second.pass(50)
    expect(first.keeper.isFresh && second.keeper.isFresh).toBe(false)
  }
  expect(host.now() - died).toBeLessThanOrEqual(LEASE_MS + RENEW_EVERY_MS)
  expect(second.words.at(-1)).toBe('changed hands')
})

test('the second has it at the next look when the first has released it', async () => {
  const { keep } = browser()
  const first = await keep('a')
  const second = await keep('b')
  first.keeper.want()
  await idle(first.box)
  second.keeper.want()
  await idle(second.box)
  await first.keeper.release()
  expect(first.keeper.isFresh).toBe(false)
  await second.pass(RENEW_EVERY_MS)
  expect(second.keeper.isFresh).toBe(true)
})

test('one that is released while it is asked for is not held', async () => {
  const { keep } = browser()
  const first = await keep('a')
  const second = await keep('b')
  first.keeper.want()
  await first.keeper.release()
  await idle(first.box)
  expect(first.keeper.isFresh).toBe(false)
  second.keeper.want()
  await idle(second.box)
  expect(second.keeper.isFresh).toBe(true)
})

test('who has it again hears whether another had it meanwhile', async () => {
  const { keep } = browser()
  const first = await keep('a')
  const second = await keep('b')
  first.keeper.want()
  await idle(first.box)
  await first.keeper.release()
  first.keeper.want()
  await idle(first.box)
  expect(first.words).toEqual(['changed hands', 'taken'])
  await first.keeper.release()
  second.keeper.want()
  await idle(second.box)
  await second.keeper.release()
  first.keeper.want()
  await idle(first.box)
  expect(first.words).toEqual(['changed hands', 'taken', 'changed hands'])
})

test('it is asked for again after the storage has failed', async () => {
  const { host, keep } = browser()
  const { keeper, box, words, pass: wait } = await keep('a')
  const { lease } = box
  box.lease = () => Promise.reject(new Error('no storage'))
  keeper.want()
  await idle(box)
  expect(keeper.isFresh).toBe(false)
  expect(host.errors).toHaveLength(1)
  box.lease = lease
  await wait(RENEW_EVERY_MS)
  expect(keeper.isFresh).toBe(true)
  expect(words).toEqual(['changed hands'])
})
