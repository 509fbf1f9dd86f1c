import type { Member, PresenceChange } from '../../protocol/index.ts'
import type { Meta, Presences } from './supabase-frames.ts'

/** Who is in one topic: by presence key, what each connection under it has told. */
export class Roster {
  /** `undefined` until the server has told all; what changes before is told with it. */
  #present: Map<string, readonly Meta[]> | undefined
  #early: (readonly [joins: Presences, leaves: Presences])[] = []

  /** All who are there; `undefined` where that is not known. */
  get state(): PresenceChange | undefined {
    return this.#present && { kind: 'state', members: Array.from(this.#present, toMember) }
  }

  begin(present: Presences): void {
    this.#present = new Map(present)
    for (const [joins, leaves] of this.#early.splice(0)) this.change(joins, leaves)
  }

  /** `undefined` where nobody knows yet who is there. */
  change(joins: Presences, leaves: Presences): PresenceChange | undefined {
    const present = this.#present
    if (present === undefined) return void this.#early.push([joins, leaves])
    for (const [key, metas] of joins) present.set(key, [...without(present.get(key) ?? [], metas), ...metas])
    for (const [key, metas] of leaves) present.set(key, without(present.get(key) ?? [], metas))
    const keys = [...new Set([...joins.keys(), ...leaves.keys()])]
    const gone = keys.filter(key => present.get(key)?.length === 0)
    for (const key of gone) present.delete(key)
    const there = keys.flatMap(key =>
      Array.from(present.has(key) ? [present.get(key) ?? []] : [], metas => toMember([key, metas])),
    )
    return { kind: 'diff', present: there, gone }
  }

  /** The topic is joined anew. */
  forget(): void {
    this.#present = undefined
    this.#early = []
  }
}

function toMember([id, metas]: readonly [string, readonly Meta[]]): Member {
  return { id, states: metas.map(({ state }) => state) }
}

function without(metas: readonly Meta[], gone: readonly Meta[]): readonly Meta[] {
  const refs = new Set(gone.map(({ ref }) => ref))
  return metas.filter(({ ref }) => !refs.has(ref))
}
