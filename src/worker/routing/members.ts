import type { Member, PresenceChange } from '../../protocol/index.ts'

export type Members = ReadonlyMap<string, Member>

export const NOBODY: Members = new Map()

/** The members after a change. */
export function changed(members: Members, change: PresenceChange): Members {
  if (change.kind === 'state') return new Map(change.members.map(member => [member.id, member]))
  const next = new Map(members)
  for (const id of change.gone) next.delete(id)
  for (const member of change.present) next.set(member.id, member)
  return next
}

/** What a tab hears that was told `before` and is to know `after`; `undefined` when nothing has changed. */
export function difference(before: Members, after: Members): PresenceChange | undefined {
  const present = [...after.values()].filter(member => !isSame(before.get(member.id), member))
  const gone = [...before.keys()].filter(id => !after.has(id))
  return present.length + gone.length === 0 ? undefined : { kind: 'diff', present, gone }
}

function isSame(a: Member | undefined, b: Member): boolean {
  return a !== undefined && JSON.stringify(a.states) === JSON.stringify(b.states)
}
