import { promisifyRequest } from 'idb-keyval'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { Database, type Migration } from '../../src/outbox/database.ts'
import { openExistingOutbox, scopesWithOutbox } from '../../src/outbox/index.ts'
import { newScope } from '../support/browser/open-line.ts'
import {
  databaseOf,
  laneOf,
  newEntry,
  openRaw,
  openTestOutbox,
  openTwo,
  watchTransactions,
} from '../support/browser/open-outbox.ts'

/** Than the outbox has. */
const NEWER = 9

/** Each notes its number in the one store. */
const MIGRATIONS: readonly Migration[] = [
  database => database.createObjectStore('notes', { autoIncrement: true }).add(1),
  (_, transaction) => transaction.objectStore('notes').add(2),
  (_, transaction) => transaction.objectStore('notes').add(3),
]

/** A database of the test's own. */
function openDatabase(version: number, name = newScope('database')) {
  const database = new Database({ name, migrations: MIGRATIONS.slice(0, version) })
  onTestFinished(() => {
    database.close()
    indexedDB.deleteDatabase(name)
  })
  return { name, database, notes: () => notesIn(database), add: (note: number) => addTo(database, note) }
}

/** What it rejects with. */
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

/** The DevTools protocol of this page. */
const devtools = () => cdp() as { send(method: string, params: object): Promise<unknown> }

const notesIn = (database: Database): Promise<unknown[]> =>
  database.transact('readonly', transaction => promisifyRequest(transaction.objectStore('notes').getAll()))

const addTo = (database: Database, note: number): Promise<unknown> =>
  database.transact('readwrite', transaction => promisifyRequest(transaction.objectStore('notes').add(note)))

describe('migrations', () => {
  test('run in order in a new database', async () => {
    expect(await openDatabase(3).notes()).toEqual([1, 2, 3])
  })

  test.each([1, 2, 3])('run in order from version %i on', async version => {
    const { name, database, notes } = openDatabase(version)
    expect(await notes()).toEqual([1, 2, 3].slice(0, version))
    database.close()
    expect(await openDatabase(3, name).notes()).toEqual([1, 2, 3])
  })
})

describe('a transaction', () => {
  test('has written nothing when what runs in it throws', async () => {
    const { database, notes } = openDatabase(1)
    const failing = database.transact('readwrite', async transaction => {
      await promisifyRequest(transaction.objectStore('notes').add(9))
      throw new Error('no')
    })
    await expect(failing).rejects.toMatchObject({ code: 'not-stored', retryable: true, cause: { message: 'no' } })
    expect(await notes()).toEqual([1])
  })

  test('is begun once the database is open, however many wait for it', async () => {
    const { notes } = openDatabase(1)
    const open = vi.spyOn(indexedDB, 'open')
    onTestFinished(() => open.mockRestore())
    expect(await Promise.all([notes(), notes()])).toEqual([[1], [1]])
    expect(open).toHaveBeenCalledOnce()
  })

  test('is carried through when the database is closed, and is the last one', async () => {
    const { name, database, notes } = openDatabase(1)
    await database.transact('readwrite', async transaction => {
      database.close()
      database.close()
      await promisifyRequest(transaction.objectStore('notes').add(2))
    })
    await expect(notes()).rejects.toMatchObject({ code: 'storage-unavailable', message: `${name} was closed` })
    expect(await openDatabase(1, name).notes()).toEqual([1, 2])
  })

  test.each<['relaxed' | 'strict']>([['relaxed'], ['strict']])(
    'is as durable as it was asked for: %s',
    async durability => {
      const transactions = watchTransactions()
      const outbox = await openTestOutbox({ durability })
      await outbox.add(newEntry('a'))
      expect(await laneOf(outbox)).toEqual(['a'])
      expect(transactions.map(transaction => transaction.durability)).toEqual(transactions.map(() => durability))
    },
  )

  test('is relaxed where nothing was asked for', async () => {
    const transactions = watchTransactions()
    await openTestOutbox()
    expect(transactions.map(transaction => transaction.durability)).toEqual(['relaxed'])
  })
})

describe('another context', () => {
  test('deletes the database at once, and ours begins a new one', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await outbox.add(newEntry('a'))
    const { id } = outbox
    const request = indexedDB.deleteDatabase(databaseOf(scope))
    const isBlocked = vi.fn<() => void>()
    request.addEventListener('blocked', isBlocked)
    await promisifyRequest(request)
    expect(isBlocked).not.toHaveBeenCalled()
    expect(await outbox.refresh()).toEqual({ waiting: 0, dead: 0, bytes: 0 })
    expect(outbox.id).not.toBe(id)
    await outbox.add(newEntry('b'))
    expect(await laneOf(outbox)).toEqual(['b'])
  })

  test('brings the database to a newer version at once, and ours says so', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await openRaw(databaseOf(scope), NEWER)
    const tooNew = { code: 'storage-too-new', retryable: false, message: expect.stringContaining('reload the tab') }
    await expect(outbox.add(newEntry('a'))).rejects.toMatchObject(tooNew)
    await expect(outbox.refresh()).rejects.toMatchObject(tooNew)
  })

  test('of a newer deploy has had the database already', async () => {
    const scope = newScope()
    const newer = await openRaw(databaseOf(scope), NEWER)
    await expect(openTestOutbox({ scope })).rejects.toMatchObject({ code: 'storage-too-new' })
    newer.close()
    await expect(openTestOutbox({ scope })).rejects.toMatchObject({ code: 'storage-too-new' })
  })

  test('brings the database to a newer version while a transaction waits to begin', async () => {
    const { name, database, notes, add } = openDatabase(1)
    const newer = openDatabase(2, name)
    await notes()
    const outcomes = await Promise.allSettled([add(7), newer.notes()])
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled' })
    await expect(notes()).rejects.toMatchObject({ code: 'storage-too-new' })
    expect(outcomes[0].status === 'fulfilled').toBe((await newer.notes()).includes(7))
    database.close()
  })
})

describe('a context that does not let go of an older version', () => {
  /** Moves the clock of this page on, and only it: the database goes on in its own time. */
  function holdTime(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
  }

  test('is waited for for five seconds, each time that something is asked', async () => {
    const { name, database, notes } = openDatabase(1)
    await notes()
    database.close()
    const older = await openRaw(name)
    const newer = openDatabase(2, name)
    holdTime()
    const unavailable = { code: 'storage-unavailable', retryable: true, message: expect.stringContaining('older') }
    for (let attempt = 0; attempt < 2; attempt++) {
      const failure = failureOf(newer.notes())
      await vi.advanceTimersByTimeAsync(5_000)
      expect(await failure).toMatchObject(unavailable)
    }
    older.close()
    expect(await newer.notes()).toEqual([1, 2])
  })

  test('may let go in time', async () => {
    const { name, database, notes } = openDatabase(1)
    await notes()
    database.close()
    const older = await openRaw(name)
    older.addEventListener('versionchange', () => queueMicrotask(() => older.close()))
    expect(await openDatabase(2, name).notes()).toEqual([1, 2])
  })

  test('does not keep a database open that was closed meanwhile', async () => {
    const { name, database, notes } = openDatabase(1)
    await notes()
    database.close()
    const older = await openRaw(name)
    const newer = openDatabase(2, name)
    const failure = failureOf(newer.notes())
    newer.database.close()
    older.close()
    expect(await failure).toMatchObject({ code: 'storage-unavailable' })
    const request = indexedDB.deleteDatabase(name)
    const isBlocked = vi.fn<() => void>()
    request.addEventListener('blocked', isBlocked)
    await promisifyRequest(request)
    expect(isBlocked).not.toHaveBeenCalled()
  })
})

describe('a browser', () => {
  test('that closes the database unasked is no hindrance', async () => {
    const outbox = await openTestOutbox()
    const transactions = watchTransactions()
    await outbox.add(newEntry('a'))
    // With the event, and with a connection that has gone without one.
    transactions[0]?.db.dispatchEvent(new Event('close'))
    await outbox.add(newEntry('b'))
    transactions.at(-1)?.db.close()
    await outbox.add(newEntry('c'))
    expect(new Set(transactions.map(({ db }) => db)).size).toBe(3)
    expect(await laneOf(outbox)).toEqual(['a', 'b', 'c'])
  })

  test('that clears the data of the site has thrown the entries away, which the id tells', async () => {
    const outbox = await openTestOutbox()
    await outbox.add(newEntry('a'))
    const { id } = outbox
    await devtools().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
    // The browser may still be at it.
    await vi.waitUntil(async () => (await failureOf(outbox.add(newEntry('b')))) === undefined)
    expect(outbox.id).not.toBe(id)
    expect(await laneOf(outbox)).toEqual(['b'])
  })

  test.each<[string, unknown]>([
    [
      'forbids storage',
      {
        open() {
          throw new DOMException('not here', 'SecurityError')
        },
        databases: () => Promise.reject(new DOMException('not here', 'SecurityError')),
      },
    ],
    ['has no storage', undefined],
  ])('that %s makes the outbox unavailable', async (_, replacement) => {
    vi.stubGlobal('indexedDB', replacement)
    onTestFinished(() => {
      vi.unstubAllGlobals()
    })
    const scope = newScope()
    await expect(openTestOutbox({ scope })).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: expect.stringContaining(databaseOf(scope)),
    })
    expect(await scopesWithOutbox()).toEqual([])
  })

  test('that cannot open the database is asked again', async () => {
    const { notes } = openDatabase(1)
    const open = vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
      throw new DOMException('not now', 'UnknownError')
    })
    onTestFinished(() => open.mockRestore())
    await expect(notes()).rejects.toMatchObject({ code: 'storage-unavailable', retryable: true })
    expect(await notes()).toEqual([1])
  })

  test('that forbids it forbids it for good', async () => {
    const { notes } = openDatabase(1)
    const open = vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
      throw new DOMException('a sandboxed frame', 'SecurityError')
    })
    onTestFinished(() => open.mockRestore())
    await expect(notes()).rejects.toMatchObject({ code: 'storage-unavailable', retryable: false })
  })
})

describe('an outbox that is opened only where there is one', () => {
  const listed = async (scope: string): Promise<boolean> => ((await scopesWithOutbox()) ?? []).includes(scope)

  test('is not made', async () => {
    const scope = newScope()
    expect(await openExistingOutbox({ scope })).toBeUndefined()
    expect(await listed(scope)).toBe(false)
    const outbox = await openTestOutbox({ scope })
    await outbox.add(newEntry('a'))
    const existing = await openExistingOutbox({ scope })
    expect(existing && (await laneOf(existing))).toEqual(['a'])
    existing?.close()
  })

  test('is not made anew when another context has wiped it', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    const existing = await openExistingOutbox({ scope })
    await outbox.wipe()
    await expect(existing?.refresh()).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(await listed(scope)).toBe(false)
  })
})

describe('wipe', () => {
  test('deletes everything in all contexts, and the others go on with an empty one', async () => {
    const [ours, theirs] = await openTwo()
    await ours.add(newEntry('a'))
    const { id } = theirs
    expect(ours.id).toBe(id)
    await ours.wipe()
    expect(await theirs.refresh()).toEqual({ waiting: 0, dead: 0, bytes: 0 })
    expect(theirs.id).not.toBe(id)
    expect(await theirs.fate('a')).toEqual({ state: 'absent' })
    await theirs.add(newEntry('b'))
    expect(await laneOf(theirs)).toEqual(['b'])
    await expect(ours.add(newEntry('c'))).rejects.toMatchObject({ code: 'storage-unavailable' })
  })

  test('does not wait for a context that hangs, whose entries are gone all the same', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await outbox.add(newEntry('a'))
    const hanging = await openRaw(databaseOf(scope))
    await outbox.wipe()
    const pages = hanging.transaction('pages').objectStore('pages')
    expect(await promisifyRequest(pages.count())).toBe(0)
  })

  test('deletes a database of a newer version', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    const newer = await openRaw(databaseOf(scope), NEWER)
    newer.close()
    await outbox.wipe()
    expect(await scopesWithOutbox()).not.toContain(scope)
  })

  test('says so when it could delete nothing', async () => {
    const scope = newScope()
    const outbox = await openTestOutbox({ scope })
    await openRaw(databaseOf(scope), NEWER)
    await expect(outbox.wipe()).rejects.toMatchObject({ code: 'storage-too-new' })
  })

  test('leaves other scopes alone', async () => {
    const [ours, other] = [await openTestOutbox(), await openTestOutbox()]
    await other.add(newEntry('a'))
    await ours.wipe()
    expect(await laneOf(other)).toEqual(['a'])
  })
})

test('scopes that have an outbox are listed, whatever they are called', async () => {
  const odd = ['a/b?c#d', 'partyline:outbox:', '😀', ' ', 'Ünï\u0000cödé', '"quoted"'].map(name => newScope(name))
  for (const scope of odd) {
    const outbox = await openTestOutbox({ scope })
    await outbox.add(newEntry(scope))
    expect(await laneOf(outbox)).toEqual([scope])
  }
  await openRaw(`${newScope()}:partyline:outbox:of nobody`)
  const scopes = (await scopesWithOutbox()) ?? []
  expect(scopes.filter(scope => odd.includes(scope)).toSorted()).toEqual(odd.toSorted())
  expect(scopes.filter(scope => scope.includes('of nobody'))).toEqual([])
})
