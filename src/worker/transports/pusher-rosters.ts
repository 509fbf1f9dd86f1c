import type { PresenceChange } from '../../protocol/index.ts'
import { changed, NOBODY, type Members } from '../routing/members.ts'

/** Who is in each channel, also in those that the broker does not want yet. */
export class Rosters {
  readonly #members = new Map<string, Members>()

  note(channel: string, change: PresenceChange): void {
    this.#members.set(channel, changed(this.#members.get(channel) ?? NOBODY, change))
  }

  /** `undefined` for a channel without presence. */
  stateOf(channel: string): PresenceChange | undefined {
    const members = this.#members.get(channel)
    return members && { kind: 'state', members: [...members.values()] }
  }

  forget(channel: string): void {
    this.#members.delete(channel)
  }

  clear(): void {
    this.#members.clear()
  }
}
