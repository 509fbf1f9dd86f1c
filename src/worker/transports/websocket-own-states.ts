/** What this browser's tabs say of themselves in each channel, the last said last. */
export class OwnStates {
  readonly #channels = new Map<string, Map<string, unknown>>()

  set(channel: string, tab: string, state: unknown): void {
    const tabs = this.#channels.get(channel) ?? new Map<string, unknown>()
    tabs.delete(tab)
    this.#channels.set(channel, tabs.set(tab, state))
  }

  delete(channel: string, tab: string): void {
    const tabs = this.#channels.get(channel)
    tabs?.delete(tab)
    if (tabs?.size === 0) this.#channels.delete(channel)
  }

  of(channel: string): readonly (readonly [tab: string, state: unknown])[] {
    return [...(this.#channels.get(channel) ?? [])]
  }

  drop(channel: string): void {
    this.#channels.delete(channel)
  }

  clear(): void {
    this.#channels.clear()
  }
}
