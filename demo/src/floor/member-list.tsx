import { count } from '../lib/format.ts'
import type { Member } from '../model.ts'

const MAX_SHOWN = 5

export function MemberList({ members, me }: { readonly members: readonly Member[]; readonly me: string }) {
  const hidden = members.length - MAX_SHOWN
  return (
    <ul className="members" aria-label="Who is here">
      {members.slice(0, MAX_SHOWN).map(member => (
        <li key={member.name} className="avatar" data-me={member.name === me || undefined} title={describe(member, me)}>
          <span aria-hidden="true">{member.name.charAt(0)}</span>
          <span className="visually-hidden">{describe(member, me)}</span>
        </li>
      ))}
      {hidden > 0 && <li className="avatar more-avatar">+{hidden}</li>}
    </ul>
  )
}

function describe({ name, staff, connections }: Member, me: string): string {
  if (staff) return `${name}, of the house`
  const who = name === me ? `${name} (you)` : name
  return connections === undefined ? who : `${who}, ${count(connections, 'connection')}`
}
