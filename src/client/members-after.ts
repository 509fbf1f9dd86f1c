import type { Member, PresenceChange } from '../protocol/index.ts'

/** Who is in a channel after the change, of those who were there before. */
export function membersAfter(before: readonly Member[], change: PresenceChange): readonly Member[] {
  if (change.kind === 'state') return change.members
  const members = new Map(before.map(member => [member.id, member]))
  for (const id of change.gone) members.delete(id)
  for (const member of change.present) members.set(member.id, member)
  return [...members.values()]
}
