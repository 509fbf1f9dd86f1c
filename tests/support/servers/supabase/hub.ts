import type { Changes } from './changes.ts'
import type { JoinConfig } from './join-config.ts'
import type { Limits, Rate } from './limits.ts'
import type { Rooms } from './rooms.ts'
import type { Policy, Tokens } from './tokens.ts'

/** What all connections of a server share. */
export interface Hub {
  readonly rooms: Rooms
  readonly changes: Changes
  readonly tokens: Tokens
  readonly policy: Policy
  readonly limits: Limits
  readonly joinRate: Rate
  readonly messageRate: Rate
  readonly joinErrorDelayMs: number
  readonly onJoin: (topic: string, config: JoinConfig) => void
  readonly onLeave: (topic: string) => void
}
