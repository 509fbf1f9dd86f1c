import { useHouse } from '../house-context.ts'
import { useStore } from '../lib/use-store.ts'
import { lettersFor } from '../outbox/outbox.ts'
import { useLineStatus } from '../panel/use-line-status.ts'
import { MemberList } from './member-list.tsx'
import { MessageForm } from './message-form.tsx'
import { MessageList } from './message-list.tsx'
import { TypingLine } from './typing-line.tsx'

export function Floor() {
  const { floor, outbox, name } = useHouse()
  const { isDown } = useLineStatus()
  const { service, members, messages, typing } = useStore(floor.store)
  const present = useStore(floor.present)
  const unsent = lettersFor(useStore(outbox.store), 'floor:say', messages)
  return (
    <section className="panel floor" aria-labelledby="floor-title">
      <header className="panel-header">
        <h2 id="floor-title">Floor</h2>
        {!isDown && <MemberList members={[...present, ...members]} me={name} />}
      </header>
      {messages.length + unsent.length > 0 ? (
        <MessageList messages={messages} unsent={unsent} me={name} />
      ) : (
        <p className="empty">{emptyText(service !== undefined, isDown)}</p>
      )}
      <TypingLine names={isDown ? [] : typing.filter(other => other !== name)} />
      <MessageForm />
    </section>
  )
}

function emptyText(isLoaded: boolean, isDown: boolean): string {
  if (isLoaded) return 'Nobody has said anything yet'
  return isDown ? 'What was said comes with the network' : 'Listening…'
}
