import { promisifyRequest } from 'idb-keyval'
import { PartylineError, toWireError, type WireError } from '../protocol/index.ts'
import { Database, isAbsence } from './database.ts'
import { departureOf, forgetOld, remember, type Departure } from './departures.ts'
import { isLive, LEASE_MS, parseLease, releaseLease, takeLease } from './drain-lease.ts'
import type { Body, Death, Entry, NewEntry } from './entry.ts'
import { addAll, type Added, type Addition } from './intake.ts'
import { MIGRATIONS } from './migrations.ts'
import { Pages, placeOf, type Found, type Place } from './pages.ts'
import { furthest, parseProgress, type Progress } from './progress.ts'
import {
  areSame,
  DEFAULT_LIMITS,
  EMPTY,
  fits,
  limitsIn,
  parseLimits,
  parseUsage,
  type OutboxLimits,
  type Usage,
} from './usage.ts'
import { isOutOfRoom, WorkQueue, type Operation } from './work-queue.ts'

/** Whoever gives no limits keeps to those of the last that has given some. */
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
  /** Makes it where there is none. @default true */
  readonly create?: boolean
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

export interface Lane {
  readonly lane: string
  /** Of its oldest waiting entry. */
  readonly seq: number
}

/** One transaction. */
interface Work {
  readonly pages: Pages
  readonly records: IDBObjectStore
  /** Where entries lie when it is complete. */
  readonly places: Map<string, Place>
}

type Use = (work: Work) => Promise<void>

/** Of places that are noted: those of entries that others have sent stay among them until then. */
const MAX_PLACES = 20_000

const PREFIX = 'partyline:outbox:'

/**
 * The durable queue of one scope. Any number of brokers and service workers can have it open at a time: the database
 * orders what they do.
 *
 * - What has resolved is stored: success is the transaction's `oncomplete`.
 * - An entry leaves only when it was acknowledged, dropped, or gave way to a newer one of the same `coalesce`; a dead
 *   letter also when there are too many, or for a new entry of its key.
 * - A key is stored once.
 * - What is asked in one tick shares one transaction, in order.
 */
export class Outbox {
  /** Made with the database: another one means that the browser has thrown the entries away. */
  #id = ''
  /** Keys of what is being sent here: such an entry neither gives way nor can be dropped. */
  readonly sending = new Set<string>()
  readonly #database: Database
  readonly #ownLimits: Required<OutboxLimits> | undefined
  #limits: Required<OutboxLimits>
  readonly #now: () => number
  readonly #randomId: () => string
  readonly #reportError: (error: unknown) => void
  readonly #work: WorkQueue<Work>
  /** Where entries lie that were stored or read here, so that they can leave without being looked up. */
  readonly #places = new Map<string, Place>()
  /** Of the pages for which the places are true. */
  #version = 0
  /** How far pages were acknowledged while there was no room to note it. */
  #unnoted: Progress['firsts'] | undefined
  /** Pages that have gone with their last entry: others may have sent the ones before, whose places are still noted. */
  readonly #finished = new Set<number>()
  #usage = EMPTY

  constructor(options: OpenOutboxOptions) {
    const {
      scope,
      durability,
      create,
      now = Date.now,
      randomId = () => crypto.randomUUID(),
      reportError: report,
    } = options
    this.#database = new Database({
      name: PREFIX + scope,
      migrations: MIGRATIONS,
      ...(durability && { durability }),
      ...(create === false && { create }),
    })
    this.#ownLimits = limitsIn(options)
    this.#limits = this.#ownLimits ?? DEFAULT_LIMITS
    this.#now = now
    this.#randomId = randomId
    this.#reportError = report ?? (error => reportError(error))
    this.#work = new WorkQueue(async use => {
      try {
        await this.#transact(use, false)
      } catch (error) {
        if (!isOutOfRoom(error)) throw error
        // What only deletes needs no room, unless for the figures.
        await this.#transact(use, true)
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
   * Resolves when the entry is stored, in the place of a dead letter of its key.
   * @param isAgain it was asked for before: a dead letter of its key is what has become of it
   * @throws PartylineError `message-too-large`, `outbox-full`, `invalid-payload` (it cannot be cloned), `bad-options` (its
   *   key is that of an entry of another kind), and those of {@link Database.transact}
   */
  add(entry: NewEntry, isAgain = false): Promise<Added> {
    return this.#work.doTogether(this.#addAll, { entry, isAgain })
  }

  /** Those with the oldest entry first. */
  lanes(kind: Kind): Promise<readonly Lane[]> {
    return this.#work.do(async ({ pages }) => (await pages.lanes(kind)).toSorted((a, b) => a.seq - b.seq))
  }

  /** The oldest waiting entries of a lane, in order; those whose time is up included. */
  head(kind: Kind, lane: string, count: number): Promise<readonly Entry[]> {
    return this.#work.do(async ({ pages, places }) => {
      const found = await pages.oldest(['waiting', kind, lane], count)
      for (const one of found) if (one.entry.coalesce === undefined) places.set(one.entry.key, placeOf(one))
      return found.map(({ entry }) => entry)
    })
  }

  /** The server has it: the entry leaves. */
  acknowledged(key: string): Promise<void> {
    return this.#work.doTogether(this.#acknowledgeAll, key)
  }

  /** It will not be sent again, unless somebody retries it. */
  bury(key: string, why: Death, error: WireError): Promise<void> {
    return this.#work.do(async work => {
      const found = await work.pages.find(key)
      if (found?.entry.state === 'waiting') await this.#bury(work, found, why, error)
    })
  }

  /** An attempt has failed. */
  attempted(key: string): Promise<void> {
    return this.#work.do(async ({ pages }) => {
      const found = await pages.find(key)
      if (found !== undefined) await pages.replace(found, { attempts: found.entry.attempts + 1 })
    })
  }

  /** Buries the waiting entries whose time is up, other than those that are being sent; returns them. */
  expire(): Promise<readonly Entry[]> {
    return this.#work.do(async work => {
      const due = await work.pages.alone('expiry', IDBKeyRange.bound(['waiting', 0], ['waiting', this.#now()]))
      const expired: Entry[] = []
      for (const late of due)
        if (!this.sending.has(late.entry.key))
          expired.push(await this.#bury(work, late, 'expired', toWireError(tooLate(late.entry))))
      return expired
    })
  }

  /** When the next waiting entry's time is up, in milliseconds since 1970; one that is being sent counts, too. */
  nextExpiry(): Promise<number | undefined> {
    return this.#work.do(({ pages }) => pages.nextExpiry())
  }

  fate(key: string): Promise<Fate> {
    return this.#work.do(async ({ pages, records }) => {
      const entry = (await pages.find(key))?.entry
      if (entry?.died !== undefined) return { state: 'dead', died: entry.died }
      if (entry !== undefined) return { state: 'waiting', lane: entry.lane }
      const why = await departureOf(records, key)
      return why === undefined ? { state: 'absent' } : { state: 'gone', why }
    })
  }

  /** The oldest first; of the dead letters those that died first. */
  list(state: Entry['state'], count: number, after = 0): Promise<readonly Entry[]> {
    return this.#work.do(async ({ pages }) => (await pages.oldest([state], count, after)).map(({ entry }) => entry))
  }

  /** Dead letters wait again, at the end of their lanes and without an expiry. Returns the keys of those that do. */
  retry(keys: readonly string[]): Promise<readonly string[]> {
    return this.#work.do(async ({ pages }) => {
      const retried: string[] = []
      for (const key of keys) {
        const found = await pages.find(key)
        if (found?.entry.state !== 'dead' || found.entry.body.kind === 'damaged') continue
        await pages.takeOut(found)
        const { died: _, expiresAt: __, ...rest } = found.entry
        await pages.append({ ...rest, state: 'waiting', attempts: 0 })
        retried.push(key)
      }
      return retried
    })
  }

  /** Takes entries out for good, waiting or dead, unless they are being sent. Returns the keys of those that are out. */
  async drop(keys: readonly string[]): Promise<readonly string[]> {
    if (keys.length === 0) await this.refresh()
    const dropped = await Promise.all(keys.map(key => this.#work.doTogether(this.#dropAll, key)))
    return keys.filter((_, index) => dropped[index])
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
    return this.#work.do(({ pages }) => Promise.resolve(pages.usage))
  }

  /** Forgets of entries that left without an acknowledgement what nobody will ask any more. */
  tidy(): Promise<void> {
    return this.#work.do(({ records }) => forgetOld(records, this.#now()))
  }

  /** Notes its limits for those who have none, or takes over what others have noted. */
  async agreeOnLimits(): Promise<void> {
    try {
      await this.#work.do(async ({ records }) => {
        const noted = parseLimits(await promisifyRequest<unknown>(records.get('limits')))
        if (this.#ownLimits === undefined) this.#limits = noted ?? DEFAULT_LIMITS
        else if (!areSame(this.#ownLimits, noted)) await promisifyRequest(records.put(this.#ownLimits, 'limits'))
      })
    } catch (error) {
      // No reason not to open: what waits may go out, and make room.
      if (!isOutOfRoom(error)) throw error
    }
  }

  /**
   * Deletes everything, in all contexts, and closes.
   * @throws PartylineError `storage-unavailable`, `storage-too-new`, when neither the entries nor the database could be
   *   deleted
   */
  async wipe(): Promise<void> {
    // The entries on their own, too: a context that hangs may keep the database.
    const clearing = this.#work.do(async ({ pages, records }) => {
      await pages.clear()
      await promisifyRequest(records.clear())
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

  readonly #addAll: Operation<Work, Addition, Added> = ({ pages, records, places }, additions) =>
    addAll(
      {
        pages,
        places,
        limits: this.#limits,
        isBeingSent: key => this.sending.has(key),
        replaced: key => remember(records, key, { why: 'replaced', at: this.#now() }),
      },
      additions,
    )

  readonly #acknowledgeAll: Operation<Work, string, void> = async ({ pages, places }, keys) => {
    const outcomes: PromiseSettledResult<void>[] = []
    for (const key of keys) {
      const known = pages.isRearranged ? undefined : (places.get(key) ?? this.#places.get(key))
      const isGone = known !== undefined && (pages.finished.has(known.seq) || this.#finished.has(known.seq))
      const place = isGone ? undefined : known
      for (const noted of [places, this.#places]) noted.delete(key)
      const [outcome] = await Promise.allSettled([acknowledge(pages, key, place)])
      outcomes.push(outcome)
    }
    return outcomes
  }

  /** Tells of each whether it is out. */
  readonly #dropAll: Operation<Work, string, boolean> = async (work, keys) => {
    const outcomes: PromiseSettledResult<boolean>[] = []
    for (const key of keys) {
      const found = this.sending.has(key) ? undefined : await work.pages.find(key)
      if (found !== undefined) await this.#drop(work, found)
      outcomes.push({ status: 'fulfilled', value: found !== undefined })
    }
    return outcomes
  }

  #lease(kind: Kind, holder: string, isKept: boolean): Promise<number | undefined> {
    return this.#work.do(async ({ records }) => {
      const record = parseLease(await promisifyRequest<unknown>(records.get(['lease', kind])))
      const taken = takeLease(record, holder, this.#now())
      if (taken !== undefined && isKept) await promisifyRequest(records.put(taken, ['lease', kind]))
      return taken?.token
    })
  }

  async #transact(use: Use, isFull: boolean): Promise<void> {
    const { id, pages, places, version } = await this.#database.transact('readwrite', transaction =>
      this.#run(transaction, use, isFull),
    )
    this.#id = id
    this.#usage = pages.usage
    this.#version = version
    if (isFull && pages.isMoved) this.#unnoted = pages.progress.firsts
    else if (!isFull) this.#unnoted = undefined
    if (pages.isRearranged) this.#forgetPlaces()
    else this.#note(places, pages.finished)
  }

  #note(places: ReadonlyMap<string, Place>, finished: ReadonlySet<number>): void {
    if (this.#places.size + places.size > MAX_PLACES) this.#forgetPlaces()
    for (const [key, place] of places) this.#places.set(key, place)
    for (const seq of finished) this.#finished.add(seq)
  }

  #forgetPlaces(): void {
    this.#places.clear()
    this.#finished.clear()
  }

  /** @param isFull nothing can be written but what deletes: how far pages were acknowledged is kept in mind then */
  async #run(
    transaction: IDBTransaction,
    use: Use,
    isFull: boolean,
  ): Promise<Work & { readonly id: string; readonly version: number }> {
    const records = transaction.objectStore('records')
    const [usage, stored, id] = await Promise.all([
      promisifyRequest<unknown>(records.get('usage')).then(parseUsage),
      promisifyRequest<unknown>(records.get('progress')).then(parseProgress),
      promisifyRequest<unknown>(records.get('id')),
    ])
    const progress = id === this.#id && this.#unnoted !== undefined ? furthest(stored, this.#unnoted) : stored
    // Another context has moved something, or has wiped it all.
    if (stored.version !== this.#version || id !== this.#id) this.#forgetPlaces()
    const store = transaction.objectStore('pages')
    const pages = new Pages({ store, usage, progress, now: this.#now, reportError: this.#reportError })
    // What could not be noted others have counted.
    if (usage === undefined || progress !== stored) await pages.mend()
    const work: Work = { pages, records, places: new Map() }
    await use(work)
    const isToNote = !isFull && (pages.isMoved || progress !== stored)
    if (isToNote) await promisifyRequest(records.put(pages.progress, 'progress'))
    if (isFull) await promisifyRequest(records.delete('usage'))
    else if (pages.usage !== usage) await promisifyRequest(records.put(pages.usage, 'usage'))
    return {
      ...work,
      // None after `wipe` of another context, too.
      id: typeof id === 'string' ? id : await this.#begin(records),
      version: isToNote ? pages.progress.version : stored.version,
    }
  }

  async #begin(records: IDBObjectStore): Promise<string> {
    const id = this.#randomId()
    await promisifyRequest(records.put(id, 'id'))
    if (this.#ownLimits !== undefined) await promisifyRequest(records.put(this.#ownLimits, 'limits'))
    return id
  }

  async #bury(work: Work, found: Found, why: Death, error: WireError): Promise<Entry> {
    const { seq: _, coalesce: __, ...rest } = found.entry
    const died = { at: this.#now(), why, error: storable(error) }
    await work.pages.takeOut(found)
    const dead = await work.pages.append({ ...rest, state: 'dead', died })
    await this.#limitDead(work)
    return dead
  }

  async #limitDead(work: Work): Promise<void> {
    // Looking may find damaged ones, which count as well.
    for (let excess = 1; excess > 0;) {
      excess = work.pages.usage.dead - this.#limits.maxDeadLetters
      if (excess > 0) for (const oldest of await work.pages.oldest(['dead'], excess)) await this.#drop(work, oldest)
    }
  }

  async #drop({ pages, records }: Work, found: Found): Promise<void> {
    await pages.takeOut(found)
    await remember(records, found.entry.key, { why: 'dropped', at: this.#now() })
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
  try {
    await Promise.all([outbox.tidy(), outbox.agreeOnLimits()])
    return outbox
  } catch (error) {
    // It may open later, when nobody has it any more.
    outbox.close()
    throw error
  }
}

/**
 * Deletes the outbox of a scope that is not open here, whatever its version and whether it would open.
 * @throws PartylineError `storage-unavailable`, while a context that hangs keeps it: it is deleted when that one ends
 */
export async function deleteOutbox(scope: string): Promise<void> {
  const name = PREFIX + scope
  if (await new Database({ name, migrations: MIGRATIONS }).delete()) return
  throw new PartylineError('storage-unavailable', `${name} is not deleted yet: another tab or worker keeps it open`, {
    retryable: true,
  })
}

/** As {@link openOutbox}, and makes none: `undefined` where the scope has none, or none any more. */
export async function openExistingOutbox(options: OpenOutboxOptions): Promise<Outbox | undefined> {
  try {
    return await openOutbox({ ...options, create: false })
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

async function acknowledge(pages: Pages, key: string, place: Place | undefined): Promise<void> {
  if (place !== undefined && (pages.hasPassed(place) || (await pages.passed(place)))) return
  const found = await pages.find(key)
  if (found === undefined) return
  const isNoted = found.entry.state === 'waiting' && (await pages.passed(placeOf(found)))
  if (!isNoted) await pages.takeOut(found)
}

/** Throws where storage is forbidden, as a promise that rejects. */
async function allDatabases(): Promise<readonly IDBDatabaseInfo[] | undefined> {
  return indexedDB.databases?.()
}

/** Without details that cannot be cloned. */
function storable(error: WireError): WireError {
  try {
    return structuredClone(error)
  } catch {
    const { details: _, ...rest } = error
    return rest
  }
}

function tooLate({ expiresAt, createdAt }: Entry): PartylineError {
  return new PartylineError('expired', `it was not sent within ${(expiresAt ?? createdAt) - createdAt} ms (ttlMs)`)
}
