import type { Entry, Kind, NewEntry, OutboxLimits, Usage } from '../../../src/outbox/index.ts'

type Held = Pick<Entry, 'key' | 'lane' | 'state' | 'attempts' | 'bytes' | 'coalesce' | 'expiresAt'> & {
  readonly kind: Kind
}

/** What an outbox does, over an array: the oldest entry first. */
export class OutboxModel {
  readonly #limits: Required<OutboxLimits>
  readonly #gone = new Map<string, 'dropped' | 'replaced'>()
  #held: readonly Held[] = []

  constructor(limits: Required<OutboxLimits>) {
    this.#limits = limits
  }

  get usage(): Usage {
    const bytes = this.#held.reduce((sum, held) => sum + held.bytes, 0)
    return { waiting: this.keys('waiting').length, dead: this.keys('dead').length, bytes }
  }

  keys(state: Entry['state']): readonly string[] {
    return this.#held.flatMap(held => (held.state === state ? [held.key] : []))
  }

  /** Those of a lane, with their attempts. */
  lane(kind: Kind, lane: string): readonly (readonly [key: string, attempts: number])[] {
    return this.#held
      .filter(held => held.state === 'waiting' && held.kind === kind && held.lane === lane)
      .map(({ key, attempts }) => [key, attempts])
  }

  nextExpiry(): number | undefined {
    const expiries = this.#held.flatMap(held => (held.state === 'waiting' ? (held.expiresAt ?? []) : []))
    return expiries.toSorted((a, b) => a - b)[0]
  }

  fate(key: string): string {
    return this.#find(key)?.state ?? this.#gone.get(key) ?? 'absent'
  }

  /** Its outcome, or the code of the error. */
  add({ body, ...entry }: NewEntry, isAgain: boolean, sending: ReadonlySet<string>): string {
    const kind = body.kind as Kind
    const same = this.#find(entry.key)
    if (same !== undefined && same.kind !== kind) return 'bad-options'
    if (same !== undefined && (isAgain || same.state === 'waiting')) return 'known'
    const old = this.#held.find(
      held =>
        held.state === 'waiting' &&
        held.coalesce !== undefined &&
        [held.coalesce, held.lane, held.kind].join() === [entry.coalesce, entry.lane, kind].join() &&
        !sending.has(held.key),
    )
    const { waiting, bytes } = this.usage
    if (entry.bytes > this.#limits.maxMessageBytes) return 'message-too-large'
    if (waiting - (old === undefined ? 0 : 1) >= this.#limits.maxEntries) return 'outbox-full'
    if (bytes - (same?.bytes ?? 0) - (old?.bytes ?? 0) + entry.bytes > this.#limits.maxBytes) return 'outbox-full'
    this.acknowledged(entry.key)
    const held: Held = { ...entry, kind, state: 'waiting', attempts: 0 }
    if (old === undefined) this.#held = [...this.#held, held]
    else {
      this.#held = this.#held.map(other => (other === old ? held : other))
      this.#gone.set(old.key, 'replaced')
    }
    return 'stored'
  }

  acknowledged(key: string): void {
    this.#held = this.#held.filter(held => held.key !== key)
  }

  attempted(key: string): void {
    this.#change(key, held => ({ ...held, attempts: held.attempts + 1 }))
  }

  bury(key: string): void {
    const held = this.#find(key)
    if (held?.state !== 'waiting') return
    this.acknowledged(key)
    this.#held = [...this.#held, { ...held, state: 'dead', coalesce: undefined }]
    const [oldest] = this.keys('dead')
    if (oldest !== undefined && this.usage.dead > this.#limits.maxDeadLetters) this.drop([oldest], new Set())
  }

  expire(now: number, sending: ReadonlySet<string>): readonly string[] {
    const late = this.#held
      .filter(held => held.state === 'waiting' && (held.expiresAt ?? Infinity) <= now && !sending.has(held.key))
      .toSorted((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0))
      .map(({ key }) => key)
    for (const key of late) this.bury(key)
    return late
  }

  retry(keys: readonly string[]): readonly string[] {
    return keys.filter(key => {
      const held = this.#find(key)
      if (held?.state !== 'dead') return false
      this.acknowledged(key)
      this.#held = [...this.#held, { ...held, state: 'waiting', attempts: 0, expiresAt: undefined }]
      return true
    })
  }

  drop(keys: readonly string[], sending: ReadonlySet<string>): readonly string[] {
    return keys.filter(key => {
      if (sending.has(key) || this.#find(key) === undefined) return false
      this.acknowledged(key)
      this.#gone.set(key, 'dropped')
      return true
    })
  }

  #find(key: string): Held | undefined {
    return this.#held.find(held => held.key === key)
  }

  #change(key: string, change: (held: Held) => Held): void {
    this.#held = this.#held.map(held => (held.key === key ? change(held) : held))
  }
}
