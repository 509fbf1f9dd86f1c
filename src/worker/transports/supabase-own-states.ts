interface Told {
  readonly channel: string
  readonly tab: string
  readonly state: object
}

/** What this browser's tabs say of themselves in one topic, where the server knows one state: that of the last. */
export class OwnStates {
  readonly #told = new Map<string, Told>()

  /** What the server is to know. */
  get last(): object | undefined {
    return [...this.#told.values()].at(-1)?.state
  }

  set(channel: string, tab: string, state: object): void {
    const key = keyOf(channel, tab)
    this.#told.delete(key)
    this.#told.set(key, { channel, tab, state })
  }

  delete(channel: string, tab: string): void {
    this.#told.delete(keyOf(channel, tab))
  }

  drop(channel: string): void {
    for (const told of this.#told.values()) if (told.channel === channel) this.delete(channel, told.tab)
  }
}

function keyOf(channel: string, tab: string): string {
  return JSON.stringify([channel, tab])
}
