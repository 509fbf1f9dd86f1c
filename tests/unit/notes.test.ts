import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { openNotes } from '../../src/outbox/index.ts'
import { NO_COUNTS } from '../../src/protocol/index.ts'

test('stamps of one scope and route are no other’s', async () => {
  const notes = openNotes()
  await notes.markStale([{ scope: 'ann', route: 'orders', at: 5 }])
  expect(await notes.staleSince('ann', 'orders')).toBe(5)
  expect(await notes.staleSince('ann', 'menu')).toBe(0)
  expect(await notes.staleSince('ben', 'orders')).toBe(0)
})

test('counts add up, over several writers', async () => {
  const [one, other] = [openNotes(), openNotes()]
  await Promise.all([
    one.addCounts('ann', { ...NO_COUNTS, hits: 2 }),
    other.addCounts('ann', { ...NO_COUNTS, hits: 3, stale: 1 }),
  ])
  expect(await one.counts('ann')).toEqual({ ...NO_COUNTS, hits: 5, stale: 1 })
  expect(await one.counts('ben')).toEqual(NO_COUNTS)
})

test('what is noted of a forgotten scope goes, what is left to do is noted until it is done', async () => {
  const notes = openNotes()
  for (const scope of ['zoe', 'zo', 'zoes']) {
    await notes.markStale([{ scope, route: 'orders', at: 5 }])
    await notes.addCounts(scope, { ...NO_COUNTS, hits: 1 })
  }
  await notes.forget('zoe', ['partyline:zoe:orders'])
  expect(await notes.staleSince('zoe', 'orders')).toBe(0)
  expect(await notes.counts('zoe')).toEqual(NO_COUNTS)
  for (const scope of ['zo', 'zoes']) {
    expect(await notes.staleSince(scope, 'orders')).toBe(5)
    expect((await notes.counts(scope)).hits).toBe(1)
  }
  expect(await notes.forgotten()).toEqual([{ scope: 'zoe', caches: ['partyline:zoe:orders'] }])
  await notes.cleanedUp('zoe')
  expect(await notes.forgotten()).toEqual([])
})

test('of a scope that had no caches nothing is left to do', async () => {
  const notes = openNotes()
  await notes.forget('new', [])
  expect(await notes.forgotten()).toEqual([])
})

test('rules are those that were set last', async () => {
  const notes = openNotes()
  expect(await notes.rules()).toEqual([])
  const rule = { route: 'orders', isScoped: true, channel: 'orders' }
  await notes.setRules([rule])
  expect(await notes.rules()).toEqual([rule])
})
