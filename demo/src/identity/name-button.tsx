import { useRef, type FormEvent } from 'react'
import { useHouse } from '../house-context.ts'
import { MAX_NAME, rename } from './name.ts'

export function NameButton() {
  const { name } = useHouse()
  const dialog = useRef<HTMLDialogElement>(null)

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    dialog.current?.close()
    const chosen = new FormData(event.currentTarget).get('name')
    if (typeof chosen === 'string') rename(chosen)
  }

  return (
    <>
      <button type="button" className="name-button" onClick={() => dialog.current?.showModal()}>
        <span className="avatar" aria-hidden="true">
          {name.charAt(0)}
        </span>
        <span className="name-button-text">
          <span className="visually-hidden">You are </span>
          {name}
        </span>
      </button>
      <dialog ref={dialog} className="dialog" aria-labelledby="name-title">
        <form onSubmit={submit} className="dialog-form">
          <h2 id="name-title">Who is waiting tables?</h2>
          <label className="field">
            Name
            <input name="name" defaultValue={name} maxLength={MAX_NAME} required autoComplete="off" />
          </label>
          <p className="hint">
            The name is the line’s scope: all tabs of this browser share it, and so one connection. Another name makes a
            new line in all of them.
          </p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button type="submit" className="button primary">
              Change
            </button>
          </div>
        </form>
      </dialog>
    </>
  )
}
