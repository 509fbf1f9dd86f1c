import type { BenchEvent, Load } from '../../lib/load.mjs'

/** One way of getting events to a tab. */
export interface Contender {
  /** Has its worker send a load to all tabs; not there where a server does that. */
  run?(load: Load): Promise<void>
  stop?(): Promise<void>
  frames?(): Promise<number>
}

/** Resolves when events can come; each is then handed to `receive`. */
export type Attach = (receive: (event: BenchEvent) => void, server: string) => Promise<Contender>
