import { clock } from '../lib/format.ts'
import type { Message } from '../model.ts'

interface MessageListProps {
  readonly messages: readonly Message[]
  readonly me: string
  readonly loaded: boolean
}

/** The scrolling box is laid out from its end, so that it stays at the latest message by itself. */
export function MessageList({ messages, me, loaded }: MessageListProps) {
  if (messages.length === 0) return <p className="empty">{loaded ? 'Nobody has said anything yet' : 'Listening…'}</p>
  return (
    <div className="messages" role="log" aria-label="Messages" tabIndex={0}>
      <ol className="message-list">
        {messages.map(message => (
          <li key={message.id} className="message" data-mine={message.from === me || undefined}>
            <span className="message-head">
              <strong>{message.from}</strong>{' '}
              <time dateTime={new Date(message.at).toISOString()}>{clock(message.at)}</time>
            </span>
            <span className="message-text">{message.text}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}
