import { clock } from '../lib/format.ts'
import type { Message, Saying } from '../model.ts'
import { DeliveryMark } from '../outbox/delivery-mark.tsx'
import { LetterStatus } from '../outbox/letter-status.tsx'
import type { Letter } from '../outbox/outbox.ts'

interface MessageListProps {
  readonly messages: readonly Message[]
  /** Of this name: what waits, and what was refused. */
  readonly unsent: readonly Letter[]
  readonly me: string
}

/** The scrolling box is laid out from its end, so that it stays at the latest message by itself. */
export function MessageList({ messages, unsent, me }: MessageListProps) {
  return (
    <div className="messages" role="log" aria-label="Messages" tabIndex={0}>
      <ol className="message-list">
        {messages.map(({ id, key, from, text, at }) => (
          <li key={key ?? id} className="message" data-mine={from === me || undefined}>
            <MessageText from={from} text={text} at={at} />
            {from === me && <DeliveryMark delivery="sent" />}
          </li>
        ))}
        {unsent.map(letter => (
          <li key={letter.key} className="message" data-mine data-unsent={letter.state}>
            {/* Only this page's form writes there. */}
            <MessageText from={me} text={(letter.body.payload as Saying).text} at={letter.createdAt} />
            <LetterStatus letter={letter} />
          </li>
        ))}
      </ol>
    </div>
  )
}

function MessageText({ from, text, at }: Pick<Message, 'from' | 'text' | 'at'>) {
  return (
    <>
      <span className="message-head">
        <strong>{from}</strong> <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
      </span>
      <span className="message-text">{text}</span>
    </>
  )
}
