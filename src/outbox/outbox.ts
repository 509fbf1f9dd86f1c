import { promisifyRequest } from 'idb-keyval'
import { describe, PartylineError, toWireError, type WireError } from '../protocol/index.ts'
import { Database, type Migration } from './database.ts'
import { isLive, LEASE_MS, parseLease, releaseLease, takeLease } from './drain-lease.ts'
import type { Body, Death, Entry, NewEntry } from './entry.ts'
import { parseRow, toDamagedRow, type Row } from './row.ts'
import {
  DEFAULT_LIMITS,
  EMPTY,
  fits,
  hasAmpleRoom,
  minus,
  parseUsage,
  plus,
  refuseExcess,
  type OutboxLimits,
  type Usage,
} from './usage.ts'
import { isOutOfRoom, WorkQueue } from './work-queue.ts'

export interface OpenOutboxOptions extends OutboxLimits {
  readonly scope: string
  /** `strict` waits for the disk and costs up to half of the speed. @default 'relaxed' */
  readonly durability?: 'relaxed' | 'strict'
  /** The wall clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number
  /** Makes the outbox's own id, when it is new. @default crypto.randomUUID */
  readonly randomId?: () => string
  /** For what was found damaged. @default reportError */
  readonly reportError?: (error: unknown) => void
}

/** Which entries a drainer sends: what the broker sends over the line, or calls of `fetch` that a service worker makes. */
export type Kind = Exclude<Body['kind'], 'damaged'>

/**
 * What became of an entry that somebody knew of.
 * - `gone`: it was dropped, or gave way to a newer one
 * - `absent`: it is not here. As an entry leaves only with the server's acknowledgement, that has come if the entry was
 *   stored here.
 */
export type Fate =
  | { readonly state: 'waiting'; readonly lane: string }
  | { readonly state: 'dead'; readonly died: NonNullable<Entry['died']> }
  | { readonly state: 'gone'; readonly why: Departure }
  | { readonly state: 'absent' }

export type Departure = 'dropped' | 'replaced'

export interface Added {
  /** `known`: this key is stored already. */
  readonly outcome: 'stored' | 'known'
  /** The key of the entry that has given way. */
  readonly replaced?: string | undefined
}

export interface Lane {
  readonly lane: string
  /** Of its oldest waiting entry. */
  readonly seq: number
}

/** How an entry left, where it was not acknowledged. */
interface Gone {
  readonly why: Departure
  /** In milliseconds since 1970. */
  readonly at: number
}

/** Without a number it goes to the end. */
type UnnumberedRow = Omit<Row, 'seq'> & Partial<Pick<Row, 'seq'>>

interface Work {
  readonly entries: IDBObjectStore
  readonly records: IDBObjectStore
  usage: Usage
  /** Jobs that ran beside a recount may have been counted twice. */
  isDoubtful: boolean
}

type Use = (work: Work) => Promise<void>

/** Of places that are noted: those that others have sent stay among them. */
const MAX_PLACES = 20_000

const PREFIX = 'partyline:outbox:'
/** For this long it is remembered that an entry left without an acknowledgement, for tabs that still ask for it. */
const REMEMBER_MS = 24 * 60 * 60 * 1000

/** Database version 1. */
const MIGRATIONS: readonly Migration[] = [
  database => {
    const entries = database.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true })
    entries.createIndex('key', 'key', { unique: true })
    entries.createIndex('order', ['state', 'seq'])
    entries.createIndex('lane', ['state', 'kind', 'lane', 'seq'])
    entries.createIndex('expiry', ['state', 'expiresAt'])
    entries.createIndex('coalesce', ['lane', 'coalesce'])
    database.createObjectStore('records')
  },
]

/**
 * The durable queue of one scope. Any number of brokers and service workers can have it open at a time: the database
 * orders what they do.
 *
 * - What has resolved is stored: success is the transaction's `oncomplete`.
 * - An entry leaves only when it was acknowledged, dropped, or gave way to a newer one of the same `coalesce`.
 * - A key is stored once.
 * - What is asked in one tick shares one transaction, in order.
 */
export class Outbox {
  /** Made with the database: another one means that the browser has thrown the entries away. */
  #id = ''
  /** Keys of what is being sent here: such an entry neither gives way nor can be dropped. */
  readonly sending = new Set<string>()
  readonly #database: Database
  readonly #limits: Required<OutboxLimits>
  readonly #now: () => number
  readonly #randomId: () => string
  readonly #reportError: (error: unknown) => void
  readonly #work: WorkQueue<Work>
  /** Where entries lie that were stored or read here, so that they can leave without being looked up. */
  readonly #places = new Map<string, number>()
  #usage = EMPTY

  constructor(options: OpenOutboxOptions) {
    const { scope, durability, now = Date.now, randomId = () => crypto.randomUUID(), reportError: report } = options
    this.#database = new Database({ name: PREFIX + scope, migrations: MIGRATIONS, ...(durability && { durability }) })
    this.#limits = withDefaults(options)
    this.#now = now
    this.#randomId = randomId
    this.#reportError = report ?? (error => reportError(error))
    this.#work = new WorkQueue(async use => {
      try {
        await this.#transact(use, writeUsage)
      } catch (error) {
        if (!isOutOfRoom(error)) throw error
        // What only deletes needs no room, unless for the figures.
        await this.#transact(use, deleteUsage)
      }
    })
  }

  get id(): string {
    return this.#id
  }

  /** As of the last transaction of this context. */
  get usage(): Usage {
    return this.#usage
  }

  /** As far as this context knows, the limits let it in. */
  hasRoomFor(entry: NewEntry): boolean {
    return fits(this.#usage, entry, this.#limits)
  }

  /**
   * Resolves when the entry is stored.
   * @throws PartylineError `message-too-large`, `outbox-full`, `invalid-payload` (it cannot be cloned), and those of
   *   {@link Database.transact}
   */
  add(entry: NewEntry): Promise<Added> {
    const isPlain = ({ usage }: Work): boolean =>
      entry.coalesce === undefined && hasAmpleRoom(usage, entry, this.#limits)
    return this.#work.doBeside(async work => {
      if (isPlain(work)) return this.#insert(work, entry)
      if ((await this.#rowOf(work, entry.key)) !== undefined) return { outcome: 'known' }
      const old = await this.#replacedBy(work, entry)
      refuseExcess(old === undefined ? work.usage : minus(work.usage, old), entry, this.#limits)
      const row = { ...entry, state: 'waiting', attempts: 0, kind: entry.body.kind } as const
      // First, and over the old one: when it cannot be cloned, nothing was written.
      await put(work, old === undefined ? row : { ...row, seq: old.seq })
      if (old !== undefined) await forget(work, old, 'replaced', this.#now())
      return { outcome: 'stored', replaced: old?.key }
    }, isPlain)
  }

  /** Those with the oldest entry first. */
  lanes(kind: Kind): Promise<readonly Lane[]> {
    return this.#work.do(async ({ entries }) => {
      const lanes: Lane[] = []
      const request = entries.index('lane').openKeyCursor(IDBKeyRange.bound(['waiting', kind], ['waiting', kind, []]))
      for (let cursor = await promisifyRequest(request); cursor !== null; cursor = await promisifyRequest(request)) {
        const [, , lane, seq] = cursor.key as [string, string, string, number]
        lanes.push({ lane, seq })
        cursor.continue(['waiting', kind, lane, []])
      }
      return lanes.toSorted((a, b) => a.seq - b.seq)
    })
  }

  /** The oldest waiting entries of a lane, in order; those whose time is up included. */
  head(kind: Kind, lane: string, count: number): Promise<readonly Entry[]> {
    return this.#work.do(async work => {
      const place = ['waiting', kind, lane]
      const range = IDBKeyRange.bound(place, [...place, []])
      const rows = await this.#rows(work, work.entries.index('lane'), range, count)
      for (const row of rows) this.#note(row)
      return rows
    })
  }

  /** The server has it: the entry leaves. */
  acknowledged(key: string): Promise<void> {
    const seq = this.#places.get(key)
    this.#places.delete(key)
    if (seq === undefined) return this.#work.do(work => this.#takeOut(work, key))
    return this.#work.doBeside(
      async work => {
        const found = await promisifyRequest<{ readonly key: unknown } | undefined>(work.entries.get(seq))
        // An aborted transaction gives its numbers to others.
        if (found?.key !== key) return this.#takeOut(work, key)
        await promisifyRequest(work.entries.delete(seq))
        this.#left(work, found)
      },
      () => true,
    )
  }

  /** It will not be sent again, unless somebody retries it. */
  bury(key: string, why: Death, error: WireError): Promise<void> {
    return this.#work.do(async work => {
      const row = await this.#rowOf(work, key)
      if (row?.state === 'waiting') await this.#bury(work, row, why, error)
    })
  }

  /** An attempt has failed. */
  attempted(key: string): Promise<void> {
    return this.#work.do(async work => {
      const row = await this.#rowOf(work, key)
      if (row !== undefined) await promisifyRequest(work.entries.put({ ...row, attempts: row.attempts + 1 }))
    })
  }

  /** Buries the waiting entries whose time is up, other than those that are being sent; returns them. */
  expire(): Promise<readonly Entry[]> {
    return this.#work.do(async work => {
      const due = IDBKeyRange.bound(['waiting', 0], ['waiting', this.#now()])
      const rows = await this.#rows(work, work.entries.index('expiry'), due)
      const late = rows.filter(({ key }) => !this.sending.has(key))
      const expired: Entry[] = []
      for (const row of late) expired.push(await this.#bury(work, row, 'expired', toWireError(tooLate(row))))
      return expired
    })
  }

  /** When the next waiting entry's time is up, in milliseconds since 1970; one that is being sent counts, too. */
  nextExpiry(): Promise<number | undefined> {
    return this.#work.do(async ({ entries }) => {
      const range = IDBKeyRange.bound(['waiting', 0], ['waiting', []])
      const cursor = await promisifyRequest(entries.index('expiry').openKeyCursor(range))
      return (cursor?.key as [string, number] | undefined)?.[1]
    })
  }

  fate(key: string): Promise<Fate> {
    return this.#work.do(async work => {
      const row = await this.#rowOf(work, key)
      if (row?.died !== undefined) return { state: 'dead', died: row.died }
      if (row !== undefined) return { state: 'waiting', lane: row.lane }
      const gone = parseGone(await promisifyRequest<unknown>(work.records.get(['gone', key])))
      return gone === undefined ? { state: 'absent' } : { state: 'gone', why: gone.why }
    })
  }

  /** The oldest first. */
  list(state: Entry['state'], count: number, after = 0): Promise<readonly Entry[]> {
    return this.#work.do(work =>
      this.#rows(work, work.entries.index('order'), IDBKeyRange.bound([state, after], [state, []], true), count),
    )
  }

  /** Dead letters wait again, at the end of their lanes and without an expiry. Returns the keys of those that do. */
  retry(keys: readonly string[]): Promise<readonly string[]> {
    return this.#work.do(async work => {
      const retried: string[] = []
      for (const key of keys) {
        const row = await this.#rowOf(work, key)
        if (row?.state !== 'dead' || row.kind === 'damaged') continue
        const { seq: _, died: __, expiresAt: ___, ...rest } = row
        await remove(work, row)
        await put(work, { ...rest, state: 'waiting', attempts: 0 })
        retried.push(key)
      }
      return retried
    })
  }

  /** Takes entries out for good, waiting or dead, unless they are being sent. Returns the keys of those that are out. */
  drop(keys: readonly string[]): Promise<readonly string[]> {
    return this.#work.do(async work => {
      const dropped: string[] = []
      for (const key of keys) {
        const row = this.sending.has(key) ? undefined : await this.#rowOf(work, key)
        if (row === undefined) continue
        await depart(work, row, 'dropped', this.#now())
        dropped.push(key)
      }
      return dropped
    })
  }

  /**
   * Takes the lease of the drainers of one kind, or renews it. Resolves with the fencing number, `undefined` while
   * another holder has it. With another number than before somebody else may have sent meanwhile.
   *
   * Where the browser has no room left it cannot be written: whoever finds it free may send all the same, or the outbox
   * would never be emptied. Should two do so, the server still has the idempotency keys.
   */
  async lease(kind: Kind, holder: string): Promise<number | undefined> {
    try {
      return await this.#lease(kind, holder, true)
    } catch (error) {
      if (!isOutOfRoom(error)) throw error
      return this.#lease(kind, holder, false)
    }
  }

  /** The next may take it at once. */
  release(kind: Kind, holder: string): Promise<void> {
    return this.#work.do(async ({ records }) => {
      const record = parseLease(await promisifyRequest<unknown>(records.get(['lease', kind])))
      if (record?.holder === holder) await promisifyRequest(records.put(releaseLease(record), ['lease', kind]))
    })
  }

  /** A broker is there that will send messages when it has a line; says so for as long as a lease lasts. */
  attend(): Promise<void> {
    return this.#work.do(async ({ records }) => {
      await promisifyRequest(records.put(this.#now() + LEASE_MS, 'attended'))
    })
  }

  /** A broker has said so. */
  isAttended(): Promise<boolean> {
    return this.#work.do(async ({ records }) => {
      const until = await promisifyRequest<unknown>(records.get('attended'))
      return typeof until === 'number' && isLive(until, this.#now())
    })
  }

  /** Opens the database, if need be, and reads the figures anew, which another context may have changed. */
  refresh(): Promise<Usage> {
    return this.#work.do(async ({ usage }) => Promise.resolve(usage))
  }

  /** Forgets of entries that left without an acknowledgement what nobody will ask any more. */
  tidy(): Promise<void> {
    return this.#work.do(async ({ records }) => {
      const old = this.#now() - REMEMBER_MS
      const request = records.openCursor(IDBKeyRange.bound(['gone'], ['gone', []]))
      for (let cursor = await promisifyRequest(request); cursor !== null; cursor = await promisifyRequest(request)) {
        if ((parseGone(cursor.value)?.at ?? -Infinity) < old) cursor.delete()
        cursor.continue()
      }
    })
  }

  /**
   * Deletes everything, in all contexts, and closes.
   * @throws PartylineError `storage-unavailable`, `storage-too-new`, when neither the entries nor the database could be
   *   deleted
   */
  async wipe(): Promise<void> {
    // The entries on their own, too: a context that hangs may keep the database.
    const clearing = this.#work.do(async work => {
      for (const store of [work.entries, work.records]) await promisifyRequest(store.clear())
      work.usage = EMPTY
    })
    const [cleared] = await Promise.allSettled([clearing])
    // One that another context has made newer, or that does not open, is deleted all the same.
    const isDeleted = await this.#database.delete()
    if (cleared.status === 'rejected' && !isDeleted) throw cleared.reason
  }

  /** Idempotent. */
  close(): void {
    this.#database.close()
  }

  /** One request, as a rule: that the key is new the index sees to. */
  async #insert(work: Work, entry: NewEntry): Promise<Added> {
    const row = { ...entry, state: 'waiting', attempts: 0, kind: entry.body.kind } as const
    const request = requestAdd(work, row)
    work.usage = plus(work.usage, row)
    if (await isUnique(request)) {
      this.#note({ ...row, seq: request.result as number })
      return { outcome: 'stored' }
    }
    work.usage = minus(work.usage, row)
    // A damaged row loses its key when it is looked at.
    return (await this.#rowOf(work, entry.key)) === undefined ? this.#insert(work, entry) : { outcome: 'known' }
  }

  /** In the place of one with a `coalesce` there may be another by the time it leaves. */
  #note({ key, seq, coalesce }: Row): void {
    if (coalesce !== undefined) return
    if (this.#places.size >= MAX_PLACES) this.#places.clear()
    this.#places.set(key, seq)
  }

  /** A damaged one has been counted as what it was. */
  #left(work: Work, found: unknown): void {
    try {
      work.usage = minus(work.usage, parseRow(found))
    } catch {
      work.isDoubtful = true
    }
  }

  async #takeOut(work: Work, key: string): Promise<void> {
    const row = await this.#rowOf(work, key)
    if (row !== undefined) await remove(work, row)
  }

  #lease(kind: Kind, holder: string, isKept: boolean): Promise<number | undefined> {
    return this.#work.do(async ({ records }) => {
      const record = parseLease(await promisifyRequest<unknown>(records.get(['lease', kind])))
      const taken = takeLease(record, holder, this.#now())
      if (taken !== undefined && isKept) await promisifyRequest(records.put(taken, ['lease', kind]))
      return taken?.token
    })
  }

  async #transact(use: Use, keepUsage: Use): Promise<void> {
    const { id, usage } = await this.#database.transact('readwrite', transaction =>
      this.#run(transaction, use, keepUsage),
    )
    this.#id = id
    this.#usage = usage
  }

  async #run(transaction: IDBTransaction, use: Use, keepUsage: Use): Promise<{ id: string; usage: Usage }> {
    const entries = transaction.objectStore('entries')
    const records = transaction.objectStore('records')
    const [usage, id] = await Promise.all([
      promisifyRequest<unknown>(records.get('usage')).then(parseUsage),
      promisifyRequest<unknown>(records.get('id')),
    ])
    const work: Work = { entries, records, usage: usage ?? EMPTY, isDoubtful: false }
    if (usage === undefined) await this.#mend(work)
    await use(work)
    if (work.isDoubtful) await deleteUsage(work)
    else if (work.usage !== usage) await keepUsage(work)
    // None after `wipe` of another context, too.
    return { id: typeof id === 'string' ? id : await this.#begin(records), usage: work.usage }
  }

  async #begin(records: IDBObjectStore): Promise<string> {
    const id = this.#randomId()
    await promisifyRequest(records.put(id, 'id'))
    return id
  }

  /** A waiting entry that is not being sent, and that this one is to replace. */
  async #replacedBy(work: Work, { lane, coalesce, body }: NewEntry): Promise<Row | undefined> {
    if (coalesce === undefined) return undefined
    const rows = await this.#rows(work, work.entries.index('coalesce'), IDBKeyRange.only([lane, coalesce]))
    return rows.find(row => row.state === 'waiting' && row.kind === body.kind && !this.sending.has(row.key))
  }

  async #bury(work: Work, row: Row, why: Death, error: WireError): Promise<Row> {
    const { coalesce: _, ...rest } = row
    const dead: Row = { ...rest, state: 'dead', died: { at: this.#now(), why, error } }
    await promisifyRequest(work.entries.put(dead))
    work.usage = plus(minus(work.usage, row), dead)
    await this.#limitDead(work)
    return dead
  }

  async #limitDead(work: Work): Promise<void> {
    const all = IDBKeyRange.bound(['dead'], ['dead', []])
    // Looking may find damaged ones, which count as well.
    for (let excess = 1; excess > 0;) {
      excess = work.usage.dead - this.#limits.maxDeadLetters
      if (excess > 0)
        for (const oldest of await this.#rows(work, work.entries.index('order'), all, excess))
          await depart(work, oldest, 'dropped', this.#now())
    }
  }

  async #rowOf(work: Work, key: string): Promise<Row | undefined> {
    const [row] = await this.#rows(work, work.entries.index('key'), IDBKeyRange.only(key), 1)
    return row
  }

  async #rows(work: Work, index: IDBIndex, range: IDBKeyRange, count?: number): Promise<Row[]> {
    const found = await promisifyRequest<unknown[]>(index.getAll(range, count))
    try {
      return found.map(parseRow)
    } catch {
      work.isDoubtful = true
      await this.#mend(work)
      return this.#rows(work, index, range, count)
    }
  }

  /** Damaged rows, which nobody could ever send, go to the dead letters as they are; the others are counted. */
  async #mend(work: Work): Promise<void> {
    work.usage = EMPTY
    const request = work.entries.openCursor()
    for (let cursor = await promisifyRequest(request); cursor !== null; cursor = await promisifyRequest(request)) {
      try {
        work.usage = plus(work.usage, parseRow(cursor.value))
      } catch (error) {
        this.#reportError(error)
        const damaged = toDamagedRow(cursor.primaryKey as number, cursor.value, this.#now(), toWireError(error))
        cursor.update(damaged)
        work.usage = plus(work.usage, damaged)
      }
      cursor.continue()
    }
  }
}

/** Scopes that have an outbox here; none where storage is forbidden, `undefined` where the browser does not tell. */
export async function scopesWithOutbox(): Promise<readonly string[] | undefined> {
  const databases = await allDatabases().catch(() => [])
  return databases?.flatMap(({ name = '' }) => (name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []))
}

/**
 * Opens the outbox of a scope, or makes it.
 * @throws PartylineError `storage-unavailable`, `storage-too-new`
 */
export async function openOutbox(options: OpenOutboxOptions): Promise<Outbox> {
  const outbox = new Outbox(options)
  await outbox.tidy()
  return outbox
}

/** @throws PartylineError `invalid-payload`, before anything was written */
async function put(work: Work, row: UnnumberedRow): Promise<void> {
  await promisifyRequest(requestPut(work, row))
  work.usage = plus(work.usage, row)
}

function requestAdd({ entries }: Work, row: UnnumberedRow): IDBRequest {
  try {
    return entries.add(row)
  } catch (cause) {
    throw notCloneable(cause)
  }
}

/** False when the key is there already, which is no reason to abort the transaction. */
function isUnique(request: IDBRequest): Promise<boolean> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(true))
    request.addEventListener('error', event => {
      if (request.error?.name !== 'ConstraintError') return reject(request.error ?? new Error('no reason given'))
      event.preventDefault()
      event.stopPropagation()
      resolve(false)
    })
  })
}

function notCloneable(cause: unknown): PartylineError {
  return new PartylineError('invalid-payload', `the message cannot be stored: ${describe(cause)}`, { cause })
}

function requestPut({ entries }: Work, row: UnnumberedRow): IDBRequest {
  try {
    return entries.put(row)
  } catch (cause) {
    throw notCloneable(cause)
  }
}

async function writeUsage({ records, usage }: Work): Promise<void> {
  await promisifyRequest(records.put(usage, 'usage'))
}

/** The next transaction counts the entries. */
async function deleteUsage({ records }: Work): Promise<void> {
  await promisifyRequest(records.delete('usage'))
}

async function remove(work: Work, row: Row): Promise<void> {
  await promisifyRequest(work.entries.delete(row.seq))
  work.usage = minus(work.usage, row)
}

async function depart(work: Work, row: Row, why: Departure, at: number): Promise<void> {
  await promisifyRequest(work.entries.delete(row.seq))
  await forget(work, row, why, at)
}

/** Remembers only that it was there. */
async function forget(work: Work, row: Row, why: Departure, at: number): Promise<void> {
  await promisifyRequest(work.records.put({ why, at } satisfies Gone, ['gone', row.key]))
  work.usage = minus(work.usage, row)
}

/** `undefined` where there is none, or something else in its place. */
function parseGone(value: unknown): Gone | undefined {
  const { why, at } = Object(value) as { readonly [field in keyof Gone]?: unknown }
  const isRight = (why === 'dropped' || why === 'replaced') && Number.isFinite(at)
  return isRight ? (value as Gone) : undefined
}

/** Throws where storage is forbidden, as a promise that rejects. */
async function allDatabases(): Promise<readonly IDBDatabaseInfo[] | undefined> {
  return indexedDB.databases?.()
}

function withDefaults(limits: OutboxLimits): Required<OutboxLimits> {
  const { maxEntries, maxBytes, maxMessageBytes, maxDeadLetters } = DEFAULT_LIMITS
  return {
    maxEntries: limits.maxEntries ?? maxEntries,
    maxBytes: limits.maxBytes ?? maxBytes,
    maxMessageBytes: limits.maxMessageBytes ?? maxMessageBytes,
    maxDeadLetters: limits.maxDeadLetters ?? maxDeadLetters,
  }
}

function tooLate({ expiresAt, createdAt }: Entry): PartylineError {
  return new PartylineError('expired', `it was not sent within ${(expiresAt ?? createdAt) - createdAt} ms (ttlMs)`)
}
