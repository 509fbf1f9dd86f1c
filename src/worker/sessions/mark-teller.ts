import type { Mark } from '../../protocol/index.ts'
import type { Session } from './session.ts'

/** Tells tabs up to where they have everything, when there is news: they take it to the next broker. */
export class MarkTeller {
  readonly #current: () => Mark
  readonly #told = new WeakMap<Session, string>()

  constructor(current: () => Mark) {
    this.#current = current
  }

  tell(session: Session): void {
    const mark = this.#current()
    const text = JSON.stringify(mark)
    if (this.#told.get(session) === text) return
    this.#told.set(session, text)
    session.send({ type: 'mark', mark })
  }
}
