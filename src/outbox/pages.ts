import { promisifyRequest } from 'idb-keyval'
import { describe, PartylineError, toWireError } from '../protocol/index.ts'
import type { Entry } from './entry.ts'
import { entriesOf, entryAt, firstOf, MAX_PAGE, pageOf, pageSeqOf, without, type NewPage, type Page } from './page.ts'
import { damagedPage, parsePage, rescue } from './parse-page.ts'
import type { Progress } from './progress.ts'
import { EMPTY, minus, plus, sum, type Usage } from './usage.ts'

/** Where an entry lies. */
export interface Place {
  readonly seq: number
  readonly index: number
  /** How many its page has had. */
  readonly size: number
  readonly bytes: number
}

/** An entry, and the page that it is in. */
export interface Found {
  readonly entry: Entry
  readonly page: Page
  readonly index: number
}

interface PagesOptions {
  readonly store: IDBObjectStore
  readonly usage: Usage | undefined
  readonly progress: Progress
  readonly now: () => number
  readonly reportError: (error: unknown) => void
}

/** The entries of the database as one transaction sees and changes them, and what they come to. */
export class Pages {
  usage: Usage
  /** Another than by {@link passed}: what is known of where entries lie is no longer true. */
  isRearranged = false
  /** There is something new in {@link progress}. */
  isMoved = false
  /** Pages that have gone with the acknowledgement of their last entry. */
  readonly finished = new Set<number>()
  readonly #store: IDBObjectStore
  readonly #firsts: Map<number, number>
  /** Those in which an entry was looked for by its key: the next one asked for may lie in the same. */
  readonly #known = new Map<number, Page>()
  #version: number
  readonly #now: () => number
  readonly #reportError: (error: unknown) => void

  constructor({ store, usage, progress, now, reportError }: PagesOptions) {
    this.#store = store
    this.usage = usage ?? EMPTY
    this.#firsts = new Map(progress.firsts)
    this.#version = progress.version
    this.#now = now
    this.#reportError = reportError
  }

  get progress(): Progress {
    return { version: this.#version, firsts: this.#firsts }
  }

  /** By its key. */
  async find(key: string): Promise<Found | undefined> {
    const page = await this.#pageOf(key)
    if (page === undefined) return undefined
    const index = page.entries.findIndex(stored => stored?.key === key)
    const entry = index < this.#firstIn(page) ? undefined : entryAt(page, index)
    return entry && { entry, page, index }
  }

  /** Those that lie alone, because they expire or give way. */
  async alone(name: 'expiry' | 'coalesce', range: IDBKeyRange): Promise<readonly Found[]> {
    const pages = await this.#read(this.#store.index(name), range)
    return pages.flatMap(page => this.#foundIn(page))
  }

  /** The oldest, as many as are asked for: of a state, or of a state, kind and lane. */
  async oldest(
    from: readonly [state: string] | readonly [state: string, kind: string, lane: string],
    count: number,
    after = 0,
  ): Promise<readonly Found[]> {
    const index = this.#store.index(from.length === 1 ? 'order' : 'lane')
    const found: Found[] = []
    let rest = IDBKeyRange.bound([...from, pageSeqOf(after)], [...from, []])
    // Pages may be full, or of one entry each.
    for (let most = 1; found.length < count; most = Math.min(4 * most, count - found.length)) {
      const pages = await this.#read(index, rest, most)
      for (const page of pages) found.push(...this.#foundIn(page).filter(({ entry }) => entry.seq > after))
      const last = pages.at(-1)
      if (last === undefined || pages.length < most) break
      rest = IDBKeyRange.bound([...from, last.seq], [...from, []], true)
    }
    return found.slice(0, count)
  }

  /** The lanes of a kind, each with the number of its oldest waiting entry. */
  async lanes(kind: string): Promise<readonly { readonly lane: string; readonly seq: number }[]> {
    const lanes: { lane: string; seq: number }[] = []
    const range = IDBKeyRange.bound(['waiting', kind], ['waiting', kind, []])
    const request = this.#store.index('lane').openKeyCursor(range)
    for (let cursor = await promisifyRequest(request); cursor !== null; cursor = await promisifyRequest(request)) {
      const [, , lane, seq] = cursor.key as [string, string, string, number]
      lanes.push({ lane, seq: seq * MAX_PAGE + (this.#firsts.get(seq) ?? 0) })
      cursor.continue(['waiting', kind, lane, []])
    }
    return lanes
  }

  async nextExpiry(): Promise<number | undefined> {
    const range = IDBKeyRange.bound(['waiting', 0], ['waiting', []])
    const cursor = await promisifyRequest(this.#store.index('expiry').openKeyCursor(range))
    return (cursor?.key as [string, number] | undefined)?.[1]
  }

  async clear(): Promise<void> {
    await promisifyRequest(this.#store.clear())
    this.usage = EMPTY
    this.#known.clear()
    this.#firsts.clear()
    this.#rearranged()
  }

  /**
   * Puts a page at the end, or in the place of one that has this one entry. Gives its number when it is written,
   * `undefined` when one of its keys is stored already.
   * @throws PartylineError `invalid-payload`, before anything was written
   */
  async put(page: NewPage, old?: Found): Promise<number | undefined> {
    const request = this.#request(page, old?.page.seq)
    if (old !== undefined) {
      this.#known.delete(old.page.seq)
      this.#rearranged()
    }
    return new Promise((resolve, reject) => {
      request.addEventListener('success', () => {
        this.usage = sum(this.usage, usageOf(page))
        if (old !== undefined) this.usage = minus(this.usage, old.entry)
        resolve(request.result as number)
      })
      request.addEventListener('error', event => {
        if (request.error?.name !== 'ConstraintError') return reject(request.error ?? new Error('no reason given'))
        // No reason to abort the transaction.
        event.preventDefault()
        event.stopPropagation()
        resolve(undefined)
      })
    })
  }

  /** The first of its page that is there still, as {@link Place} has it, was acknowledged; false when it is not. */
  async passed({ seq, index, size, bytes }: Place): Promise<boolean> {
    if ((this.#firsts.get(seq) ?? 0) !== index) return false
    this.usage = minus(this.usage, { state: 'waiting', bytes })
    if (index + 1 < size) this.#moveTo(seq, index + 1)
    else {
      this.finished.add(seq)
      await this.#delete(seq)
    }
    return true
  }

  /** Already acknowledged, where its page is as it was. */
  hasPassed({ seq, index }: Place): boolean {
    return index < (this.#firsts.get(seq) ?? 0)
  }

  /** Takes back a page that was put just now. */
  async discard(page: Page): Promise<void> {
    await promisifyRequest(this.#store.delete(page.seq))
    this.#known.delete(page.seq)
    for (const entry of entriesOf(page, 0)) this.usage = minus(this.usage, entry)
  }

  /** One that was acknowledged keeps its key until its page has gone: it may be stored again from here on. */
  async free(key: string): Promise<void> {
    const page = await this.#pageOf(key)
    if (page !== undefined) await this.#write(page, without(page, this.#firstIn(page)))
  }

  async takeOut({ page, index, entry }: Found): Promise<void> {
    await this.#write(page, without(page, this.#firstIn(page), index))
    this.usage = minus(this.usage, entry)
  }

  /** Changes an entry where it lies. */
  async replace({ page, index }: Found, change: Partial<Pick<Entry, 'attempts'>>): Promise<void> {
    const first = this.#firstIn(page)
    const entries = page.entries.map((stored, at) => {
      if (at < first || stored === null) return null
      return at === index ? { ...stored, ...change } : stored
    })
    await this.#write(page, { ...page, entries, keys: entries.flatMap(stored => stored?.key ?? []) })
  }

  /** Puts an entry at the end, in a page of its own. */
  async append(entry: Omit<Entry, 'seq'>): Promise<Entry> {
    const page = pageOf(entry)
    const seq = await this.put(page)
    const appended = seq === undefined ? undefined : entryAt({ ...page, seq }, 0)
    if (appended === undefined) throw new Error(`the key ${entry.key} is stored already`)
    return appended
  }

  /** Damaged ones, which nobody could ever send, go to the dead letters as they are; the others are counted. */
  async mend(): Promise<void> {
    this.#known.clear()
    let counted = EMPTY
    const there = new Set<number>()
    const damaged: NewPage[] = []
    const request = this.#store.openCursor()
    for (let cursor = await promisifyRequest(request); cursor !== null; cursor = await promisifyRequest(request)) {
      const seq = cursor.primaryKey as number
      const { page, isRight } = this.#mended(seq, cursor.value, damaged)
      if (page !== undefined) there.add(seq)
      if (!isRight) {
        this.#rearranged()
        if (page === undefined) cursor.delete()
        else cursor.update(page)
      }
      if (page !== undefined) for (const { entry } of this.#foundIn(page)) counted = plus(counted, entry)
      cursor.continue()
    }
    this.usage = counted
    for (const seq of this.#firsts.keys()) if (!there.has(seq)) this.#moveTo(seq, 0)
    for (const page of damaged) await this.put(page)
  }

  /** What is left of a page, and, added to `damaged`, what was not acknowledged and cannot be sent. */
  #mended(
    seq: number,
    value: unknown,
    damaged: NewPage[],
  ): { readonly page: Page | undefined; readonly isRight: boolean } {
    const first = this.#firsts.get(seq) ?? 0
    try {
      const page = parsePage(value)
      // All that it has was acknowledged.
      return first < page.entries.length ? { page, isRight: true } : { page: undefined, isRight: false }
    } catch (error) {
      this.#reportError(error)
      const rescued = rescue(value)
      for (const one of rescued.damaged)
        if (one.index === undefined || one.index >= first)
          damaged.push(damagedPage(seq, one, this.#now(), toWireError(error)))
      return { page: rescued.page && without(rescued.page, first), isRight: false }
    }
  }

  #request(page: NewPage, seq: number | undefined): IDBRequest {
    try {
      return seq === undefined ? this.#store.add(page) : this.#store.put({ ...page, seq })
    } catch (cause) {
      throw new PartylineError('invalid-payload', `the message cannot be stored: ${describe(cause)}`, { cause })
    }
  }

  /** What was acknowledged of it is noted in the page itself now. */
  async #write(page: Page, changed: Page | undefined): Promise<void> {
    if (changed === undefined) {
      this.#rearranged()
      return this.#delete(page.seq)
    }
    await promisifyRequest(this.#store.put(changed))
    this.#known.set(page.seq, changed)
    this.#rearranged()
    this.#moveTo(page.seq, firstOf(changed))
  }

  async #delete(seq: number): Promise<void> {
    await promisifyRequest(this.#store.delete(seq))
    this.#known.delete(seq)
    this.#version++
    this.#moveTo(seq, 0)
  }

  #moveTo(seq: number, first: number): void {
    if (first > 0) this.#firsts.set(seq, first)
    else this.#firsts.delete(seq)
    this.isMoved = true
  }

  #rearranged(): void {
    this.#version++
    this.isMoved = true
    this.isRearranged = true
  }

  #firstIn({ seq }: Page): number {
    return this.#firsts.get(seq) ?? 0
  }

  #foundIn(page: Page): readonly Found[] {
    return entriesOf(page, this.#firstIn(page)).map(entry => ({ entry, page, index: entry.seq % MAX_PAGE }))
  }

  async #pageOf(key: string): Promise<Page | undefined> {
    const index = this.#store.index('keys')
    const seq = (await promisifyRequest(index.getKey(key))) as number | undefined
    if (seq === undefined) return undefined
    const known = this.#known.get(seq)
    if (known !== undefined) return known
    const [page] = await this.#read(index, IDBKeyRange.only(key), 1)
    if (page !== undefined) this.#known.set(page.seq, page)
    return page
  }

  async #read(index: IDBIndex, range: IDBKeyRange, count?: number): Promise<readonly Page[]> {
    const found = await promisifyRequest<unknown[]>(index.getAll(range, count))
    try {
      return found.map(parsePage)
    } catch {
      await this.mend()
      return this.#read(index, range, count)
    }
  }
}

function usageOf({ state, entries }: NewPage): Usage {
  return entries.reduce((usage, stored) => (stored === null ? usage : plus(usage, { ...stored, state })), EMPTY)
}

export function placeOf({ entry: { bytes }, page: { seq, entries }, index }: Found): Place {
  return { seq, index, size: entries.length, bytes }
}

/** By key. */
export function placesIn({ seq, entries }: Page): readonly (readonly [key: string, place: Place])[] {
  const size = entries.length
  return entries.flatMap((stored, index) => (stored ? [[stored.key, { seq, index, size, bytes: stored.bytes }]] : []))
}
