import { promisifyRequest } from 'idb-keyval'
import { deferred } from '../lib/index.ts'
import { describe, PartylineError } from '../protocol/index.ts'

/** What runs when a database is made, and then for each version that it is behind; the last one's number is the version. */
export type Migration = (database: IDBDatabase, transaction: IDBTransaction) => void

export interface DatabaseOptions {
  readonly name: string
  /** The first makes version 1, and so on. None is ever changed once it was released. */
  readonly migrations: readonly Migration[]
  /** `strict` waits for the disk and costs up to half of the speed. @default 'relaxed' */
  readonly durability?: 'relaxed' | 'strict'
  /** Makes it where there is none. @default true */
  readonly create?: boolean
}

/** There is none, and it is not to be made. */
class Absent extends Error {}

/** For how long somebody waits for the database to open, which other contexts may keep from it. */
const OPEN_MS = 5_000

/**
 * One IndexedDB database. Opened when it is first used, and anew after the browser has closed it or another context
 * has asked for it: to bring it to a newer version, or to delete it.
 */
export class Database {
  readonly #options: DatabaseOptions
  #opening: Promise<IDBDatabase> | undefined
  #isClosed = false

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  /**
   * Runs `use` in one transaction over all stores. Resolves at `oncomplete`: what was written is there to stay.
   * When `use` throws nothing was written.
   * @throws PartylineError `storage-unavailable`, `storage-too-new`, `storage-full` (the browser has no room),
   *   `not-stored` (it was not written, for any other reason)
   */
  async transact<T>(mode: IDBTransactionMode, use: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    const transaction = await this.#begin(mode).catch((error: unknown) => {
      throw toStorageError(error)
    })
    const completed = completion(transaction)
    try {
      const result = await use(transaction)
      await completed
      return result
    } catch (error) {
      abort(transaction)
      await completed.catch(() => undefined)
      throw toStorageError(transaction.error ?? error)
    }
  }

  /** Idempotent. What runs is carried through. */
  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  /**
   * Closes and deletes it, whatever its version. Other contexts let go of it by themselves; resolves with `false`,
   * without waiting, for one that hangs: it is deleted when that one ends.
   */
  async delete(): Promise<boolean> {
    this.close()
    const request = indexedDB.deleteDatabase(this.#options.name)
    return new Promise(resolve => {
      for (const end of ['blocked', 'success', 'error']) request.addEventListener(end, () => resolve(end === 'success'))
    })
  }

  async #begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
    try {
      return begin(await this.#open(), mode, this.#options)
    } catch (error) {
      // The browser has closed it since, or another context has asked for it.
      if ((error as Error).name !== 'InvalidStateError') throw error
      this.#drop()
      return begin(await this.#open(), mode, this.#options)
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#isClosed) throw new PartylineError('storage-unavailable', `${this.#options.name} was closed`)
    // The promise is kept, so that it is opened once, also when it takes too long for one who waits: another request
    // would wait behind this one. A failure is not kept, so that it is tried again.
    this.#opening ??= this.#openAnew().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return inTime(this.#opening, this.#options.name)
  }

  async #openAnew(): Promise<IDBDatabase> {
    const database = await open(this.#options)
    for (const end of ['versionchange', 'close']) database.addEventListener(end, () => this.#drop())
    if (this.#isClosed) database.close()
    return database
  }

  #drop(): void {
    void this.#opening?.then(
      database => database.close(),
      () => undefined,
    )
    this.#opening = undefined
  }
}

function begin(database: IDBDatabase, mode: IDBTransactionMode, options: DatabaseOptions): IDBTransaction {
  const { durability = 'relaxed' } = options
  return database.transaction([...database.objectStoreNames], mode, { durability })
}

async function open({ name, migrations, create = true }: DatabaseOptions): Promise<IDBDatabase> {
  let isAbsent = false
  try {
    // Not there, or forbidden, in some sandboxes.
    const request = indexedDB.open(name, migrations.length)
    request.addEventListener('upgradeneeded', ({ oldVersion }) => {
      const { result, transaction } = request
      isAbsent = oldVersion === 0 && !create
      // As if nobody had asked.
      if (isAbsent) transaction?.abort()
      else if (transaction !== null) for (const migrate of migrations.slice(oldVersion)) migrate(result, transaction)
    })
    return await promisifyRequest(request)
  } catch (error) {
    throw toOpenError(isAbsent ? new Absent(`there is no ${name}`) : error, name)
  }
}

async function inTime(opening: Promise<IDBDatabase>, name: string): Promise<IDBDatabase> {
  const late = deferred<never>()
  const timer = setTimeout(() => {
    const why = `${name} did not open within ${OPEN_MS} ms: a tab or worker of an older deploy may keep it open`
    late.reject(new PartylineError('storage-unavailable', why, { retryable: true }))
  }, OPEN_MS)
  try {
    return await Promise.race([opening, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('the transaction was aborted')))
  })
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It has ended by itself.
  }
}

/** There is no such database, and {@link DatabaseOptions.create} was false. */
export function isAbsence(error: unknown): boolean {
  return error instanceof PartylineError && error.cause instanceof Absent
}

/** Of a browser that stores nothing here: there is no IndexedDB, it is forbidden, or the window is private (Firefox). */
const FOR_GOOD: ReadonlySet<string> = new Set(['ReferenceError', 'TypeError', 'SecurityError', 'InvalidStateError'])

function toOpenError(error: unknown, name: string): PartylineError {
  const kind = (error as Error | null)?.name ?? ''
  return kind === 'VersionError'
    ? new PartylineError('storage-too-new', `${name} was made by a newer version of Partyline: reload the tab`, {
        cause: error,
      })
    : new PartylineError('storage-unavailable', `${name} could not be opened: ${describe(error)}`, {
        cause: error,
        retryable: !FOR_GOOD.has(kind),
      })
}

function toStorageError(error: unknown): PartylineError {
  if (error instanceof PartylineError) return error
  return (error as Error | null)?.name === 'QuotaExceededError'
    ? new PartylineError('storage-full', 'the browser has no room for more', { cause: error, retryable: true })
    : new PartylineError('not-stored', `the message was not stored: ${describe(error)}`, {
        cause: error,
        retryable: true,
      })
}
