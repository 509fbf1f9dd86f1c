import { promisifyRequest } from 'idb-keyval'
import { onTestFinished } from 'vitest'
import {
  openOutbox,
  type Entry,
  type Kind,
  type NewEntry,
  type OpenOutboxOptions,
  type Outbox,
  type Usage,
} from '../../../src/outbox/index.ts'
import { newScope } from './open-line.ts'

/** More entries than any test stores. */
export const ALL = 65_535

/** What a test cares about of an entry. */
export interface Wanted extends Partial<Omit<NewEntry, 'key' | 'body'>> {
  readonly kind?: Kind
  readonly payload?: unknown
}

/** An outbox of a scope of its own; closed at the end of the test, and its database deleted. */
export async function openTestOutbox(options: Partial<OpenOutboxOptions> = {}): Promise<Outbox> {
  const scope = options.scope ?? newScope()
  const outbox = await openOutbox({ ...options, scope })
  onTestFinished(() => {
    outbox.close()
    indexedDB.deleteDatabase(databaseOf(scope))
  })
  return outbox
}

/** Two connections to the same database, as two brokers have them. */
export async function openTwo(options: Partial<OpenOutboxOptions> = {}): Promise<readonly [Outbox, Outbox]> {
  const scope = newScope()
  return [await openTestOutbox({ ...options, scope }), await openTestOutbox({ ...options, scope })]
}

export function newEntry(key: string, { kind = 'message', payload = key, ...wanted }: Wanted = {}): NewEntry {
  const body =
    kind === 'message'
      ? ({ kind, channel: 'orders', event: 'said', payload } as const)
      : ({ kind, url: '/orders', method: 'POST', headers: [], credentials: 'same-origin' } as const)
  return { key, lane: 'orders', bytes: 10, createdAt: 1, body, ...wanted }
}

export async function addAll(outbox: Outbox, keys: readonly string[], wanted: Wanted = {}): Promise<void> {
  await Promise.all(keys.map(key => outbox.add(newEntry(key, wanted))))
}

export const keysOf = (entries: readonly Entry[]): readonly string[] => entries.map(({ key }) => key)

/** The keys of a lane's entries, in the order in which they are sent. */
export async function laneOf(outbox: Outbox, lane = 'orders', kind: Kind = 'message'): Promise<readonly string[]> {
  return keysOf(await outbox.head(kind, lane, ALL))
}

/** What is there, counted entry by entry. */
export async function recount(outbox: Outbox): Promise<Usage> {
  const [waiting, dead] = [await outbox.list('waiting', ALL), await outbox.list('dead', ALL)]
  const bytes = [...waiting, ...dead].reduce((sum, entry) => sum + entry.bytes, 0)
  return { waiting: waiting.length, dead: dead.length, bytes }
}

export const databaseOf = (scope: string): string => `partyline:outbox:${scope}`

/** A connection past the outbox, of whoever has access to the page's storage; closed at the end of the test. */
export async function openRaw(name: string, version?: number): Promise<IDBDatabase> {
  const database = await promisifyRequest(indexedDB.open(name, version))
  onTestFinished(() => database.close())
  return database
}

/** Changes what is stored, past the outbox. */
export async function tamper(scope: string, change: (transaction: IDBTransaction) => void): Promise<void> {
  const database = await openRaw(databaseOf(scope))
  const transaction = database.transaction(['pages', 'records'], 'readwrite')
  change(transaction)
  await new Promise((resolve, reject) => {
    transaction.addEventListener('complete', resolve)
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('aborted')))
  })
  database.close()
}

/** Hears of each transaction that is begun until the end of the test. */
export function onTransaction(hear: (transaction: IDBTransaction) => void): void {
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (...args) {
    const begun = transaction.apply(this, args)
    hear(begun)
    return begun
  }
  onTestFinished(() => {
    IDBDatabase.prototype.transaction = transaction
  })
}

/** The transactions that are begun until the end of the test. */
export function watchTransactions(): readonly IDBTransaction[] {
  const begun: IDBTransaction[] = []
  onTransaction(transaction => begun.push(transaction))
  return begun
}

/** A clock that stands still until it is set. */
export function testClock(startsAt = 1_000_000) {
  const clock = { time: startsAt, now: () => clock.time }
  return clock
}
