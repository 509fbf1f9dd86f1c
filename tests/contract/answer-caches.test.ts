import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openNotes } from '../../src/outbox/index.ts'
import { browserCaches } from '../../src/worker/caching/answer-caches.ts'

const ANNS = ['partyline:ann:orders', 'partyline:ann:menu']
const BENS = 'partyline:ben:orders'
const COUNTS = { network: 1, hits: 2, misses: 3, stale: 4, timeouts: 5 }

/** Names of the browser's caches. */
let names: Set<string>

beforeEach(() => {
  names = new Set([...ANNS, BENS])
  vi.stubGlobal('caches', {
    keys: () => Promise.resolve([...names]),
    delete: (name: string) => Promise.resolve(names.delete(name)),
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** Ann's are wiped. Returns which scopes the service worker is told of. */
async function wipe(): Promise<readonly string[]> {
  const told: string[] = []
  await browserCaches(scope => told.push(scope))?.wipe('ann')
  return told
}

/** There is no room for what is written, while it `isFull`. */
function fillStorage(isFull: () => boolean): void {
  const { put } = IDBObjectStore.prototype
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    if (!isFull()) return put.apply(this, args)
    throw new DOMException('full', 'QuotaExceededError')
  })
}

describe('what is kept of a scope that is forgotten', () => {
  it('goes, and the service worker finds a note of it', async () => {
    await openNotes().addCounts('ann', COUNTS)
    expect(await wipe()).toEqual(['ann'])
    expect([...names]).toEqual([BENS])
    expect(await openNotes().counts('ann')).toMatchObject({ hits: 0 })
    expect(await openNotes().forgotten()).toEqual([{ scope: 'ann', caches: ANNS }])
    await openNotes().cleanedUp('ann')
  })

  it('goes also when there is no room to note it before', async () => {
    await openNotes().addCounts('ann', COUNTS)
    fillStorage(() => names.size > 1)
    expect(await wipe()).toEqual(['ann'])
    expect([...names]).toEqual([BENS])
    expect(await openNotes().forgotten()).toEqual([{ scope: 'ann', caches: ANNS }])
    expect(await openNotes().counts('ann')).toMatchObject({ hits: 0 })
    await openNotes().cleanedUp('ann')
  })

  it('goes also when there is no room at all', async () => {
    await openNotes().addCounts('ann', COUNTS)
    fillStorage(() => true)
    expect(await wipe()).toEqual(['ann'])
    expect([...names]).toEqual([BENS])
    expect(await openNotes().counts('ann')).toMatchObject({ hits: 0 })
  })
})
