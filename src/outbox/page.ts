import type { Body, Entry, NewEntry } from './entry.ts'

/**
 * What lies under one number of the database: entries of one lane that were stored together, in order. One record of a
 * hundred entries costs the browser little more than a record of one.
 *
 * An entry keeps its index for as long as the page is there. Those that were acknowledged stay in it until the last one
 * was: up to which one that is stands in {@link Progress}, so that the page need not be written each time.
 */
export interface Page {
  readonly seq: number
  readonly state: Entry['state']
  readonly kind: Body['kind']
  readonly lane: string
  /** Of its entries, where an index can reach them. */
  readonly keys: readonly string[]
  /** `null` where one has left in another way than from the front. */
  readonly entries: readonly (Stored | null)[]
  /** Of its only entry, as is `coalesce`. */
  readonly expiresAt?: number | undefined
  readonly coalesce?: string | undefined
}

/** It gets its number when it is stored. */
export type NewPage = Omit<Page, 'seq'>

/** What is told of an entry besides that of its page. */
export type Stored = Omit<Entry, 'seq' | 'lane' | 'state'>

/** More would take longer to read than what is sent at once needs. */
export const MAX_PAGE = 128
/** A page that has as many is full, whatever it holds. */
const MAX_PAGE_BYTES = 65_536

/** @param entries at least one, all of one lane and kind */
export function newPage(entries: readonly NewEntry[]): NewPage {
  const [first] = entries
  if (first === undefined) throw new TypeError('a page has entries')
  const { lane, body, expiresAt, coalesce } = first
  return {
    state: 'waiting',
    kind: body.kind,
    lane,
    keys: entries.map(({ key }) => key),
    entries: entries.map(entry => toStored(entry)),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(coalesce !== undefined && { coalesce }),
  }
}

/** Of a page of its own. */
export function pageOf(entry: Omit<Entry, 'seq'>): NewPage {
  const { state } = entry
  const { attempts, died } = entry
  const page = newPage([entry])
  return {
    ...page,
    state,
    entries: page.entries.map(stored => stored && { ...stored, attempts, ...(died && { died }) }),
  }
}

function toStored({ key, body, bytes, createdAt, expiresAt, coalesce }: NewEntry): Stored {
  return {
    key,
    body,
    bytes,
    createdAt,
    attempts: 0,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(coalesce !== undefined && { coalesce }),
  }
}

/** Those that can lie with others: which neither expire nor give way. */
export function isPlain({ expiresAt, coalesce }: NewEntry): boolean {
  return expiresAt === undefined && coalesce === undefined
}

/** Runs of entries, each for one page, such that those of a lane stay in order. */
export function toRuns(entries: readonly NewEntry[]): readonly (readonly NewEntry[])[] {
  const runs: { readonly entries: NewEntry[]; bytes: number }[] = []
  const open = new Map<string, (typeof runs)[number]>()
  for (const entry of entries) {
    const lane = `${entry.body.kind}\n${entry.lane}`
    const run = isPlain(entry) ? open.get(lane) : undefined
    if (run === undefined || run.entries.length === MAX_PAGE || run.bytes + entry.bytes > MAX_PAGE_BYTES) {
      const next = { entries: [entry], bytes: entry.bytes }
      runs.push(next)
      if (isPlain(entry)) open.set(lane, next)
      else open.delete(lane)
    } else {
      run.entries.push(entry)
      run.bytes += entry.bytes
    }
  }
  return runs.map(({ entries: run }) => run)
}

export function entryAt({ seq, lane, state, entries }: Page, index: number): Entry | undefined {
  const stored = entries[index]
  return stored ? { ...stored, seq: seq * MAX_PAGE + index, lane, state } : undefined
}

/** Of the page in which the entry with this number lies. */
export function pageSeqOf(seq: number): number {
  return Math.floor(seq / MAX_PAGE)
}

/** From this index on. */
export function entriesOf(page: Page, from: number): readonly Entry[] {
  return page.entries.flatMap((_, index) => (index < from ? [] : (entryAt(page, index) ?? [])))
}

/** The page without those before `from`, and without the one at `index`; `undefined` when none is left. */
export function without(page: Page, from: number, index?: number): Page | undefined {
  return withEntries(
    page,
    page.entries.map((stored, at) => (at < from || at === index ? null : stored)),
  )
}

/** None behind the last that is there. `undefined` when none is. */
export function withEntries(page: Page, entries: Page['entries']): Page | undefined {
  const kept = entries.slice(0, entries.findLastIndex(stored => stored !== null) + 1)
  if (kept.length === 0) return undefined
  return { ...page, entries: kept, keys: kept.flatMap(stored => stored?.key ?? []) }
}

/** The index of the first that is there. */
export function firstOf({ entries }: Page): number {
  return entries.findIndex(stored => stored !== null)
}
