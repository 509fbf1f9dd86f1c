export type Meta = Readonly<Record<string, unknown>>

/** Who is there, by presence key, as clients read it. */
export type PresenceState = Readonly<Record<string, { readonly metas: readonly Meta[] }>>

export interface PresenceDiff {
  readonly joins: PresenceState
  readonly leaves: PresenceState
}

interface Entry {
  readonly key: string
  readonly meta: Meta
}

/** Who is there in one room; each member under one key, several members under the same one. */
export class Presence<Member> {
  readonly #entries = new Map<Member, Entry>()
  #refs = 0

  state(): PresenceState {
    const state = Object.create(null) as Record<string, { metas: Meta[] }>
    for (const { key, meta } of this.#entries.values()) (state[key] ??= { metas: [] }).metas.push(meta)
    return state
  }

  /** A member that is tracked already leaves with what it had and joins with the new. */
  track(member: Member, key: string, payload: Meta): PresenceDiff {
    const before = this.#entries.get(member)
    const previous = before === undefined ? {} : { phx_ref_prev: before.meta['phx_ref'] }
    const entry = { key, meta: { ...payload, phx_ref: `ref${++this.#refs}`, ...previous } }
    this.#entries.set(member, entry)
    return { joins: only(entry), leaves: before === undefined ? {} : only(before) }
  }

  /** Undefined where the member was not tracked. */
  untrack(member: Member): PresenceDiff | undefined {
    const before = this.#entries.get(member)
    this.#entries.delete(member)
    return before === undefined ? undefined : { joins: {}, leaves: only(before) }
  }
}

const only = ({ key, meta }: Entry): PresenceState => ({ [key]: { metas: [meta] } })
