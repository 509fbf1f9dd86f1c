import type { Member } from '../../protocol/index.ts'
import type {
  Presence,
  RealtimePresenceJoinPayload,
  RealtimePresenceLeavePayload,
  RealtimePresenceState,
} from './types.ts'

type Present = Presence<{ [key: string]: unknown }>
export type PresenceEvent =
  | RealtimePresenceJoinPayload<{ [key: string]: unknown }>
  | RealtimePresenceLeavePayload<{ [key: string]: unknown }>
  | { event: 'sync' }

/** Who is in a channel, told as who has come and who has gone. */
export class RealtimePresence {
  #present = new Map<string, Present[]>()

  get state(): RealtimePresenceState {
    return structuredClone(Object.fromEntries(this.#present))
  }

  /** Those who came are told first. */
  become(members: readonly Member[], tell: (event: PresenceEvent) => void): void {
    const before = this.#present
    const after = new Map(members.map(({ id, states }) => [id, states as Present[]]))
    this.#present = after
    for (const [key, now] of after) {
      const currentPresences = before.get(key) ?? []
      const newPresences = without(now, currentPresences)
      if (newPresences.length) tell({ event: 'join', key, currentPresences, newPresences })
    }
    for (const [key, earlier] of before) {
      const currentPresences = after.get(key) ?? []
      const leftPresences = without(earlier, currentPresences)
      if (leftPresences.length) tell({ event: 'leave', key, currentPresences, leftPresences })
    }
    tell({ event: 'sync' })
  }
}

function without(all: Present[], others: Present[]): Present[] {
  return all.filter(one => !others.some(other => other.presence_ref === one.presence_ref))
}
