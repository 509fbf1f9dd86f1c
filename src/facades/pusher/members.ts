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
  setMyID(id: unknown): void {
    this.myID = id
  }

  /** For the channel. */
  onSubscription({
    presence: { hash, count },
  }: {
    readonly presence: Pick<Members, 'count'> & { hash: Members['members'] }
  }): void {
    this.members = hash
    this.count = count
    this.me = this.get(this.myID)
  }

  /** For the channel. */
  addMember({
    user_id: id,
    user_info: info,
  }: {
    readonly user_id: string
    readonly user_info?: unknown
  }): Member | null {
    if (!this.get(id)) this.count++
    this.members[id] = info
    return this.get(id)
  }

  /** For the channel. */
  removeMember({ user_id: id }: { readonly user_id: string }): Member | null {
    const member = this.get(id)
    if (member) {
      delete this.members[id]
      this.count--
    }
    return member
  }

  /** For the channel. */
  reset(): void {
    this.members = {}
    this.count = 0
    this.myID = this.me = null
  }
}
