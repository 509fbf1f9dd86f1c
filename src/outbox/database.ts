import { promisifyRequest } from 'idb-keyval'
import { describe, PartylineError } from '../protocol/index.ts'

/** What runs when a database is made, and then for each version that it is behind; the last one's number is the version. */
export type Migration = (database: IDBDatabase, transaction: IDBTransaction) => void

export interface DatabaseOptions {
  readonly name: string
  /** The first makes version 1, and so on. None is ever changed once it was released. */
  readonly migrations: readonly Migration[]
  /** `strict` waits for the disk and costs up to half of the speed. @default 'relaxed' */
  readonly durability?: 'relaxed' | 'strict'
}

/** How long other contexts may take to let go of an older version. */
const BLOCKED_MS = 5_000

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
   * @throws PartylineError `storage-unavailable`, `storage-too-new`, `outbox-full` (the browser has no room),
   *   `not-stored` (it was not written, for any other reason)
   */
  async transact<T>(mode: IDBTransactionMode, use: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    const transaction = await this.#begin(mode)
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

  /** Closes and deletes it. Other contexts let go of it by themselves; resolves without waiting for one that hangs. */
  async delete(): Promise<void> {
    this.close()
    const request = indexedDB.deleteDatabase(this.#options.name)
    await new Promise<void>(resolve => {
      for (const end of ['blocked', 'success', 'error']) request.addEventListener(end, () => resolve())
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
    // The promise is kept, so that it is opened once; a failure is not, so that it is tried again.
    this.#opening ??= this.#openAnew().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
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

function begin(database: IDBDatabase, mode: IDBTransactionMode, { durability }: DatabaseOptions): IDBTransaction {
  return database.transaction([...database.objectStoreNames], mode, durability && { durability })
}

function open({ name, migrations }: DatabaseOptions): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    // Not there, or forbidden, in some sandboxes.
    const request = indexedDB.open(name, migrations.length)
    let isGivenUp = false
    request.addEventListener('upgradeneeded', ({ oldVersion }) => {
      const { result, transaction } = request
      if (transaction !== null) for (const migrate of migrations.slice(oldVersion)) migrate(result, transaction)
    })
    request.addEventListener('blocked', () =>
      setTimeout(() => {
        isGivenUp = true
        const why = `another tab or worker of an older deploy keeps ${name} open`
        reject(new PartylineError('storage-unavailable', why, { retryable: true }))
      }, BLOCKED_MS),
    )
    promisifyRequest(request).then(
      database => (isGivenUp ? database.close() : resolve(database)),
      error => reject(toOpenError(error, name)),
    )
  }).catch((error: unknown) => {
    throw error instanceof PartylineError ? error : toOpenError(error, name)
  }) as Promise<IDBDatabase>
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

function toOpenError(error: unknown, name: string): PartylineError {
  return (error as Error | null)?.name === 'VersionError'
    ? new PartylineError('storage-too-new', `${name} was made by a newer version of Partyline: reload the tab`, {
        cause: error,
      })
    : new PartylineError('storage-unavailable', `${name} could not be opened: ${describe(error)}`, {
        cause: error,
        retryable: true,
      })
}

function toStorageError(error: unknown): PartylineError {
  if (error instanceof PartylineError) return error
  return (error as Error | null)?.name === 'QuotaExceededError'
    ? new PartylineError('outbox-full', 'the browser has no room for more', { cause: error, retryable: true })
    : new PartylineError('not-stored', `the message was not stored: ${describe(error)}`, {
        cause: error,
        retryable: true,
      })
}
