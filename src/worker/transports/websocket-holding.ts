import type { ToldChannel } from './websocket-reading.ts'

/** What came of channels before it is known whether it follows on what came before it. */
export class Holding {
  readonly #held = new Map<string, ToldChannel[]>()

  /** From now on; what is held already stays. */
  hold(channel: string): void {
    if (!this.#held.has(channel)) this.#held.set(channel, [])
  }

  has(channel: string): boolean {
    return this.#held.has(channel)
  }

  /** False where nothing of the channel is held back. */
  add(message: ToldChannel): boolean {
    return this.#held.get(message.channel)?.push(message) !== undefined
  }

  /** Returns it in order, and holds back no more. An event that came twice, after a join that was asked twice, is there once. */
  take(channel: string): readonly ToldChannel[] {
    const held = this.#held.get(channel) ?? []
    this.#held.delete(channel)
    const seen = new Set<string>()
    return held.filter(message => {
      if (message.type !== 'event' || message.position === undefined) return true
      const isNew = !seen.has(message.position)
      seen.add(message.position)
      return isNew
    })
  }

  /** Returns all of it, each channel's in order. */
  takeAll(): readonly ToldChannel[] {
    return [...this.#held.keys()].flatMap(channel => this.take(channel))
  }

  drop(channel: string): void {
    this.#held.delete(channel)
  }
}
