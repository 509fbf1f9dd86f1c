import { expect, onTestFinished, test, vi } from 'vitest'
import { scopesWithOutbox, type Outbox } from '../../src/outbox/index.ts'
import { newScope } from '../support/browser/open-line.ts'
import { keysOf, laneOf, newEntry, openTestOutbox, recount } from '../support/browser/open-outbox.ts'

const QUOTA_BYTES = 400_000

/** https://wicg.github.io/storage-buckets: in Chromium only, and not in the types. */
interface StorageBuckets {
  open(name: string, options: { readonly quota: number }): Promise<{ readonly indexedDB: IDBFactory }>
  delete(name: string): Promise<void>
}

/** Until the end of the test the browser has little room for databases. */
async function limitRoom(): Promise<void> {
  const { storageBuckets } = navigator as Navigator & { readonly storageBuckets: StorageBuckets }
  const name = newScope('bucket')
  const { indexedDB } = await storageBuckets.open(name, { quota: QUOTA_BYTES })
  vi.stubGlobal('indexedDB', indexedDB)
  onTestFinished(async () => {
    vi.unstubAllGlobals()
    await storageBuckets.delete(name)
  })
}

/** Random, or it would be compressed. */
const bulk = (): Uint8Array => crypto.getRandomValues(new Uint8Array(50_000))

/** Stores until the browser refuses; the keys of what is stored. */
async function fill(outbox: Outbox): Promise<readonly string[]> {
  const stored: string[] = []
  for (const key of Array.from({ length: 20 }, (_, index) => `bulk-${index}`)) {
    const isStored = await outbox.add(newEntry(key, { payload: bulk() })).then(
      () => true,
      () => false,
    )
    if (!isStored) return stored
    stored.push(key)
  }
  throw new Error('the browser has room for everything')
}

/** Until not even a small one has room. */
async function fillUp(outbox: Outbox): Promise<void> {
  for (const bytes of [50_000, 5_000, 500, 50])
    for (let isStored = true, n = 0; isStored; n++) {
      const entry = newEntry(`${bytes}-${n}`, { lane: 'bulk', payload: bulk().subarray(0, bytes).slice() })
      isStored = await outbox.add(entry).then(
        () => true,
        () => false,
      )
    }
}

async function openFull() {
  await limitRoom()
  const scope = newScope()
  const outbox = await openTestOutbox({ scope })
  return { scope, outbox, stored: await fill(outbox) }
}

test('a browser without room refuses an entry, and says that it may have room later', async () => {
  const { outbox, stored } = await openFull()
  const full = { code: 'storage-full', retryable: true, cause: { name: 'QuotaExceededError' } }
  await expect(outbox.add(newEntry('one more', { payload: bulk() }))).rejects.toMatchObject(full)
  expect(await laneOf(outbox)).toEqual(stored)
  expect(outbox.usage).toEqual({ waiting: stored.length, dead: 0, bytes: stored.length * 10 })
})

test('nothing that was refused is pretended to be stored, and nothing else suffers for it', async () => {
  const { outbox, stored } = await openFull()
  const [first = ''] = stored
  const outcomes = await Promise.allSettled([
    outbox.add(newEntry('x', { payload: bulk() })),
    outbox.acknowledged(first),
    outbox.add(newEntry('y', { payload: bulk() })),
    outbox.fate(first),
  ])
  const full = { status: 'rejected', reason: { code: 'storage-full' } }
  expect(outcomes).toMatchObject([full, { status: 'fulfilled' }, full, { value: { state: 'absent' } }])
  expect(await laneOf(outbox)).toEqual(stored.slice(1))
})

test('an outbox that filled the browser can be emptied, entry by entry', async () => {
  const { scope, outbox, stored } = await openFull()
  for (const key of stored.slice(0, -1)) await outbox.acknowledged(key)
  const again = await openTestOutbox({ scope })
  expect(keysOf(await again.list('waiting', 10))).toEqual(stored.slice(-1))
  expect(again.usage).toEqual(await recount(again))
  expect(again.id).toBe(outbox.id)
})

test('entries that lie together leave one by one where there is no room to note it, and none comes back', async () => {
  await limitRoom()
  const scope = newScope()
  const outbox = await openTestOutbox({ scope })
  const together = ['a', 'b', 'c', 'd']
  await Promise.all(together.map(key => outbox.add(newEntry(key))))
  await fillUp(outbox)
  for (const [index, key] of together.entries()) {
    await outbox.acknowledged(key)
    expect(await laneOf(outbox)).toEqual(together.slice(index + 1))
    expect(outbox.usage).toEqual(await recount(outbox))
  }
  const again = await openTestOutbox({ scope })
  expect(await laneOf(again)).toEqual([])
  expect(again.usage).toEqual(await recount(again))
})

test('an outbox that filled the browser can be wiped', async () => {
  const { scope, outbox } = await openFull()
  expect(await scopesWithOutbox()).toEqual([scope])
  await outbox.wipe()
  expect(await scopesWithOutbox()).toEqual([])
})
