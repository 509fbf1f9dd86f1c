import type { Member, PresenceChange } from '../../protocol/index.ts'
import type { Fields, Meta, Presences } from './supabase-frames.ts'

/** All who are there, or those of whom something has changed. */
export interface RosterChange {
  readonly isAll: boolean
  readonly there: readonly (readonly [key: string, metas: readonly Meta[]])[]
  readonly gone: readonly string[]
}

/** Who is in one topic: by presence key, what each connection under it has told. */
export class Roster {
  /** `undefined` until the server has told all; what changes before is told with it. */
  #present: Map<string, readonly Meta[]> | undefined
  #early: (readonly [joins: Presences, leaves: Presences])[] = []

  /** All who are there; `undefined` where that is not known. */
  get state(): RosterChange | undefined {
    return this.#present && { isAll: true, there: [...this.#present], gone: [] }
  }

  begin(present: Presences): void {
    this.#present = new Map(present)
    for (const [joins, leaves] of this.#early.splice(0)) this.change(joins, leaves)
  }

  /** `undefined` where nobody knows yet who is there. */
  change(joins: Presences, leaves: Presences): RosterChange | undefined {
    const present = this.#present
    if (present === undefined) return void this.#early.push([joins, leaves])
    for (const [key, metas] of joins) present.set(key, [...without(present.get(key) ?? [], metas), ...metas])
    for (const [key, metas] of leaves) present.set(key, without(present.get(key) ?? [], metas))
    const keys = [...new Set([...joins.keys(), ...leaves.keys()])]
    const gone = keys.filter(key => present.get(key)?.length === 0)
    for (const key of gone) present.delete(key)
    const there = keys.filter(key => present.has(key)).map(key => [key, present.get(key) ?? []] as const)
    return { isAll: false, there, gone }
  }

  /** The topic is joined anew. */
  forget(): void {
    this.#present = undefined
    this.#early = []
  }
}

/** @param told what tabs hear of each connection */
export function toPresence({ isAll, there, gone }: RosterChange, told: (meta: Meta) => Fields): PresenceChange {
  const members = there.map(([id, metas]): Member => ({ id, states: metas.map(told) }))
  return isAll ? { kind: 'state', members } : { kind: 'diff', present: members, gone }
}

export function plainState({ state }: Meta): Fields {
  return state
}

/** As `presenceState()` of the library has it. */
export function stateWithRef({ ref, state }: Meta): Fields {
  return { ...state, presence_ref: ref }
}

function without(metas: readonly Meta[], gone: readonly Meta[]): readonly Meta[] {
  const refs = new Set(gone.map(({ ref }) => ref))
  return metas.filter(({ ref }) => !refs.has(ref))
}
