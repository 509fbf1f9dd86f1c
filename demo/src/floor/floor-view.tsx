import { useHouse } from '../house-context.ts'
import { useStore } from '../lib/use-store.ts'
import { MemberList } from './member-list.tsx'
import { MessageForm } from './message-form.tsx'
import { MessageList } from './message-list.tsx'
import { TypingLine } from './typing-line.tsx'

export function Floor() {
  const { floor, name } = useHouse()
  const { loaded, members, messages, typing } = useStore(floor.store)
  return (
    <section className="panel floor" aria-labelledby="floor-title">
      <header className="panel-header">
        <h2 id="floor-title">Floor</h2>
        <MemberList members={members} me={name} />
      </header>
      <MessageList messages={messages} me={name} loaded={loaded} />
      <TypingLine names={typing.filter(other => other !== name)} />
      <MessageForm />
    </section>
  )
}
