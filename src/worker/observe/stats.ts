import type { Stats } from '../../protocol/index.ts'
import type { OutboxDesk } from '../outgoing/outbox-desk.ts'
import type { Channels } from '../routing/channels.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Connection } from '../upstream/connection.ts'
import type { Traffic } from './traffic.ts'

export interface StatsSources {
  readonly epoch: string
  readonly generation: number
  readonly scope: string
  readonly uptimeMs: number
  readonly transport: string
  readonly degraded: boolean
  readonly rejectedMessages: number
  readonly sessions: Sessions
  readonly connection: Connection
  readonly channels: Channels
  readonly traffic: Traffic
  readonly outbox: OutboxDesk
}

/** A snapshot of all figures of one broker, as plain data. */
export function collectStats(sources: StatsSources): Stats {
  const { epoch, generation, scope, uptimeMs, transport, rejectedMessages, connection, channels, traffic, outbox } =
    sources
  const sessions = [...sources.sessions]
  const { reason } = connection.status
  return {
    epoch,
    generation,
    scope,
    uptimeMs,
    sessions: {
      attached: sessions.length,
      visible: sessions.filter(session => session.visible).length,
      suspended: sessions.filter(({ suspendedAt }) => suspendedAt !== undefined).length,
      detachedDead: sources.sessions.detachedDead,
    },
    connection: {
      transport,
      degraded: sources.degraded,
      ...connection.stats(),
      ...(reason === undefined ? {} : { reason }),
    },
    channels: channels.stats(),
    traffic: { ...traffic },
    queued: {
      items: sessions.reduce((sum, { sender }) => sum + sender.queuedItems, 0),
      bytes: sessions.reduce((sum, { sender }) => sum + sender.queuedBytes, 0),
    },
    outbox: outbox.counts,
    rejectedMessages,
  }
}
