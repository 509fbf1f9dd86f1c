import { useState, type FormEvent } from 'react'
import { useHouse } from '../house-context.ts'
import { useAction } from '../lib/use-action.ts'

const MAX_TEXT = 280

export function MessageForm() {
  const { floor, outbox } = useHouse()
  const [text, setText] = useState('')
  const { pending, run } = useAction(floor.say)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    floor.typist.stopped()
    if (text.trim() === '' || !(await run(text))) return
    setText('')
    await outbox.look()
  }

  function change(value: string): void {
    setText(value)
    if (value === '') floor.typist.stopped()
    else floor.typist.typed()
  }

  return (
    <form className="message-form" onSubmit={event => void submit(event)}>
      <input
        value={text}
        maxLength={MAX_TEXT}
        aria-label="Message to the floor"
        placeholder="Tell the floor"
        autoComplete="off"
        readOnly={pending}
        onChange={event => change(event.target.value)}
        onBlur={floor.typist.stopped}
      />
      <button type="submit" className="button primary" disabled={pending || text.trim() === ''}>
        {pending ? 'Sending…' : 'Send'}
      </button>
    </form>
  )
}
