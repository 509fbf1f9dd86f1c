/** Several wishes for one topic as one join: Phoenix ends the first when a topic is joined twice. */
import type { Wish } from './supabase-wish.ts'

/** What a topic is joined with. */
export interface Plan {
  /** Each once. */
  readonly changes: readonly string[]
  readonly wantsAck: boolean
  readonly wantsPresence: boolean
  readonly presenceKey: string | undefined
  readonly isPrivate: boolean
}

export interface Merged<T> {
  readonly plan: Plan
  readonly holders: readonly T[]
  /** What cannot be had in one join with those before it. */
  readonly refused: readonly { readonly holder: T; readonly reason: string }[]
}

const NOTHING: Plan = {
  changes: [],
  wantsAck: false,
  wantsPresence: false,
  presenceKey: undefined,
  isPrivate: false,
}

/** Of wishes that contradict each other the first is fulfilled. */
export function merge<T extends { readonly wish: Wish }>(all: readonly T[]): Merged<T> {
  const holders: T[] = []
  const refused: { holder: T; reason: string }[] = []
  let plan: Plan | undefined
  for (const holder of all) {
    const reason = plan && contradiction(plan, holder.wish)
    if (reason !== undefined) {
      refused.push({ holder, reason })
      continue
    }
    holders.push(holder)
    plan = united(plan ?? { ...NOTHING, isPrivate: holder.wish.isPrivate }, holder.wish)
  }
  return { plan: plan ?? NOTHING, holders, refused }
}

function contradiction(plan: Plan, wish: Wish): string | undefined {
  if (plan.isPrivate !== wish.isPrivate)
    return `the topic is joined as ${plan.isPrivate ? 'private' : 'public'} already, and a connection joins it once`
  if (plan.presenceKey !== undefined && wish.presenceKey !== undefined && plan.presenceKey !== wish.presenceKey)
    return `the topic is joined with the presence key ${JSON.stringify(plan.presenceKey)}, and a connection has one there`
  return undefined
}

function united(plan: Plan, wish: Wish): Plan {
  return {
    changes: [...new Set([...plan.changes, ...wish.changes])],
    wantsAck: plan.wantsAck || wish.wantsAck,
    wantsPresence: plan.wantsPresence || wish.wantsPresence,
    presenceKey: plan.presenceKey ?? wish.presenceKey,
    isPrivate: plan.isPrivate,
  }
}

/** All that is wanted is had already. It may be more: joining again would interrupt everybody. */
export function isCovered(wanted: Plan, had: Plan): boolean {
  return (
    wanted.isPrivate === had.isPrivate &&
    (wanted.presenceKey === undefined || wanted.presenceKey === had.presenceKey) &&
    (had.wantsAck || !wanted.wantsAck) &&
    (had.wantsPresence || !wanted.wantsPresence) &&
    wanted.changes.every(change => had.changes.includes(change))
  )
}

/** What the server calls each change, in the order in which they were asked; `undefined` when the answer does not fit. */
export function toChangeIds({ changes }: Plan, answer: unknown): ReadonlyMap<number, readonly string[]> | undefined {
  const given: readonly unknown[] = Array.isArray(answer) ? answer : []
  if (given.length !== changes.length) return undefined
  const ids = new Map<number, string[]>()
  for (const [index, change] of changes.entries()) {
    const { id } = (given[index] ?? {}) as { readonly id?: unknown }
    if (typeof id !== 'number') return undefined
    ids.set(id, [...(ids.get(id) ?? []), change])
  }
  return ids
}

/** Whoever wants a row that came under these ids, each once. */
export function takers<T extends { readonly wish: Wish }>(
  all: Iterable<T>,
  ids: readonly number[],
  changeIds: ReadonlyMap<number, readonly string[]>,
): readonly T[] {
  const changes = new Set(ids.flatMap(id => changeIds.get(id) ?? []))
  return [...all].filter(({ wish }) => wish.changes.some(change => changes.has(change)))
}

/** Which of the changes, in the order in which they were asked for, a row is that came under these ids. */
export function placesOf(
  asked: readonly string[],
  ids: readonly number[],
  changeIds: ReadonlyMap<number, readonly string[]>,
): readonly number[] {
  const changes = new Set(ids.flatMap(id => changeIds.get(id) ?? []))
  return asked.flatMap((change, place) => (changes.has(change) ? place : []))
}

/** As the server takes it. Nobody hears itself: that is told between the tabs. */
export function toJoinConfig({ changes, wantsAck, wantsPresence, presenceKey, isPrivate }: Plan): object {
  return {
    broadcast: { ack: wantsAck, self: false },
    presence: { key: presenceKey ?? '', enabled: wantsPresence },
    postgres_changes: changes.map(change => JSON.parse(change) as unknown),
    private: isPrivate,
  }
}
