import { PartylineError } from '../protocol/index.ts'
import type { Entry, NewEntry } from './entry.ts'
import { newPage, toRuns } from './page.ts'
import { placesIn, type Found, type Pages, type Place } from './pages.ts'
import { fits, minus, plus, refuseExcess, type OutboxLimits } from './usage.ts'

/** What is to be stored. */
export interface Addition {
  readonly entry: NewEntry
  /** It was asked before: what has died of it since does not live again. */
  readonly isAgain: boolean
}

export interface Added {
  /** `known`: this key is stored already, and waits; or it is a dead letter, where it was asked for again. */
  readonly outcome: 'stored' | 'known'
  /** The key of the entry that has given way. */
  readonly replaced?: string | undefined
}

export interface IntakeDeps {
  readonly pages: Pages
  /** Takes where entries lie that were stored together. */
  readonly places: Map<string, Place>
  readonly limits: Required<OutboxLimits>
  /** It can neither give way nor be dropped. */
  isBeingSent(key: string): boolean
  /** Notes that the entry of this key has given way. */
  replaced(key: string): Promise<void>
}

type Outcome = PromiseSettledResult<Added>

/**
 * Stores new entries, as many in one page as can be. Each has an outcome of its own; what is refused has written nothing.
 */
export async function addAll(deps: IntakeDeps, additions: readonly Addition[]): Promise<readonly Outcome[]> {
  const { pages, limits } = deps
  const outcomes: Outcome[] = []
  let gathered: Addition[] = []
  let usage = pages.usage
  const flush = async (): Promise<void> => {
    outcomes.push(...(await addTogether(deps, gathered)))
    gathered = []
    usage = pages.usage
  }
  const keys = new Set<string>()
  for (const addition of additions) {
    const { entry } = addition
    if (entry.coalesce === undefined && !keys.has(entry.key) && fits(usage, entry, limits)) {
      gathered.push(addition)
      usage = plus(usage, { state: 'waiting', bytes: entry.bytes })
    } else {
      await flush()
      outcomes.push(await addAlone(deps, addition))
      usage = pages.usage
    }
    keys.add(entry.key)
  }
  await flush()
  return outcomes
}

/** None of them gives way, all keys differ, and there is room. */
async function addTogether(deps: IntakeDeps, additions: readonly Addition[]): Promise<readonly Outcome[]> {
  const { pages, places } = deps
  const news = toRuns(additions.map(({ entry }) => entry)).map(newPage)
  const written = await Promise.allSettled(news.map(page => pages.put(page)))
  const stored = written.flatMap((outcome, nth) => {
    const page = news[nth]
    return outcome.status === 'fulfilled' && outcome.value !== undefined && page !== undefined
      ? [{ ...page, seq: outcome.value }]
      : []
  })
  if (stored.length === news.length) {
    for (const page of stored) for (const [key, place] of placesIn(page)) places.set(key, place)
    return additions.map(() => ({ status: 'fulfilled', value: { outcome: 'stored' } }))
  }
  // One of them cannot be stored, or is stored already. The others of its lane must not get before it.
  for (const page of stored) await pages.discard(page)
  const outcomes: Outcome[] = []
  for (const addition of additions) outcomes.push(await addAlone(deps, addition))
  return outcomes
}

async function addAlone(deps: IntakeDeps, addition: Addition): Promise<Outcome> {
  const [outcome] = await Promise.allSettled([add(deps, addition)])
  return outcome
}

/** @throws PartylineError `message-too-large`, `outbox-full`, `invalid-payload`, `bad-options` */
async function add(deps: IntakeDeps, { entry, isAgain }: Addition): Promise<Added> {
  const { pages, limits, replaced } = deps
  const same = await pages.find(entry.key)
  if (same !== undefined) refuseOther(same.entry, entry)
  if (same !== undefined && (isAgain || same.entry.state === 'waiting')) return { outcome: 'known' }
  const old = await replacedBy(deps, entry)
  const staying = [same, old].reduce((usage, found) => (found ? minus(usage, found.entry) : usage), pages.usage)
  refuseExcess(staying, entry, limits)
  const page = newPage([entry])
  // First, and over the old one: when it cannot be cloned, nothing was written.
  if ((await pages.put(page, old)) === undefined) {
    await (same === undefined ? pages.free(entry.key) : pages.takeOut(same))
    if ((await pages.put(page, old)) === undefined) return { outcome: 'known' }
  }
  if (old !== undefined) await replaced(old.entry.key)
  return { outcome: 'stored', replaced: old?.entry.key }
}

/** A message and a call of `fetch` are not the same, whatever their key: whoever asks for one must not hear of the other. */
function refuseOther({ key, state, body }: Entry, { body: { kind } }: NewEntry): void {
  if (body.kind !== kind)
    throw new PartylineError('bad-options', `the key ${key} is that of a ${body.kind} that is ${state}`)
}

/** A waiting entry that is not being sent, and that this one is to replace. */
async function replacedBy({ pages, isBeingSent }: IntakeDeps, entry: NewEntry): Promise<Found | undefined> {
  const { lane, coalesce, body } = entry
  if (coalesce === undefined) return undefined
  const found = await pages.alone('coalesce', IDBKeyRange.only([lane, coalesce]))
  return found.find(
    ({
      entry: {
        state,
        body: { kind },
        key,
      },
    }) => state === 'waiting' && kind === body.kind && !isBeingSent(key),
  )
}
