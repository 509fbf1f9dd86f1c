export interface Member {
  id: string
  info: unknown
}

/** Who is in a presence channel. */
export class Members {
  members: Record<string, unknown> = {}
  count = 0
  myID: unknown = null
  me: Member | null = null

  get(id: unknown): Member | null {
    const key = id as string
    return Object.hasOwn(this.members, key) ? { id: key, info: this.members[key] } : null
  }

  each(callback: Function): void {
    for (const id of Object.keys(this.members)) callback(this.get(id))
  }

  /** For the channel. */
  reset(): void {
    this.members = {}
    this.count = 0
    this.myID = this.me = null
  }
}
