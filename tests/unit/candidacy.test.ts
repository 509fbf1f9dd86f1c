import { afterEach, describe, expect, test, vi } from 'vitest'
import { isAwaitedByVisible, untilNobodyWaits } from '../../src/client/hosts/candidacy.ts'
import { meetingNames } from '../../src/protocol/meeting.ts'

const names = meetingNames({ scope: 'ann', generation: 1 })
const { leader, visible } = names

const lock = (name: string, clientId: string): LockInfo => ({ name, clientId, mode: 'shared' })

test.each<[string, LockManagerSnapshot, boolean]>([
  ['nobody else is there', { held: [lock(leader, 'me')], pending: [] }, false],
  ['all others are hidden', { held: [lock(leader, 'me')], pending: [lock(leader, 'other')] }, false],
  ['one of them is visible', { held: [lock(visible, 'other')], pending: [lock(leader, 'other')] }, true],
  ['the visible one does not stand for election', { held: [lock(visible, 'other')], pending: [] }, false],
  ['only others wait than the visible one', { held: [lock(visible, 'a')], pending: [lock(leader, 'b')] }, false],
  ['the visible one waits for another scope', { held: [lock(visible, 'a')], pending: [lock('else', 'a')] }, false],
  ['the browser says nothing', {}, false],
])('a hidden tab that is elected looks for a visible one: %s', (_, snapshot, isPreferred) => {
  expect(isAwaitedByVisible(snapshot, names)).toBe(isPreferred)
})

describe('a leader whose scope was forgotten waits for those that have yet to hear it', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  /** A browser in which these tabs wait for the lock, at one look after the other; the last of them for ever. */
  function waiting(...looks: readonly (readonly string[])[]) {
    const left = [...looks]
    const query = vi.fn<() => Promise<LockManagerSnapshot>>(async () => {
      const [clients = []] = left.length > 1 ? left.splice(0, 1) : left
      return { pending: [lock('else', 'a'), ...clients.map(client => lock(leader, client))] }
    })
    vi.stubGlobal('navigator', { locks: { query } })
    return query
  }

  test.each<[string, string[][], number]>([
    ['all of them', [['a', 'b'], ['a', 'b'], ['b'], []], 4],
    ['none that has come since', [['a'], ['a', 'new'], ['new']], 3],
    ['nobody where nobody waits', [[]], 2],
  ])('%s', async (_, looks, count) => {
    const query = waiting(...looks)
    await untilNobodyWaits(names)
    expect(query).toHaveBeenCalledTimes(count)
  })

  test('for a second at most', async () => {
    const query = waiting(['a'])
    const startedAt = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => startedAt + 100 * query.mock.calls.length)
    await untilNobodyWaits(names)
    expect(query).toHaveBeenCalledTimes(10)
  })

  test('not at all where the browser does not tell', async () => {
    vi.stubGlobal('navigator', { locks: { query: () => Promise.reject(new DOMException('opaque', 'SecurityError')) } })
    await untilNobodyWaits(names)
  })
})
