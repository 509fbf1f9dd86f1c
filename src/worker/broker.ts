import type { Stats } from '../protocol/index.ts'
import { PROTOCOL_VERSION } from '../protocol/index.ts'
import type { BrokerHost, Port } from './host.ts'
import { collectStats } from './observe/stats.ts'
import { createTraffic } from './observe/traffic.ts'
import { sessionLimits, type ResolvedOptions } from './options.ts'
import { Channels } from './routing/channels.ts'
import { Publisher } from './routing/publisher.ts'
import { perform, retryWithNewCredentials } from './sessions/operations.ts'
import { servePort } from './sessions/port-service.ts'
import type { Session } from './sessions/session.ts'
import { Sessions } from './sessions/sessions.ts'
import type { ConnectionState } from './upstream/connection-state.ts'
import { Connection } from './upstream/connection.ts'
import { CredentialDesk } from './upstream/credentials.ts'
import type { TransportLink } from './upstream/transport.ts'

export interface BrokerDeps {
  readonly host: BrokerHost
  readonly scope: string
  readonly options: ResolvedOptions
}

export interface Broker {
  readonly epoch: string
  /** A tab's control port. */
  accept(port: Port): void
  stats(): Stats
  /** Ends the connection and lets all tabs go. Idempotent. */
  close(): void
}

/**
 * The composition root: makes the parts, wires them, owns their lifetimes, decides nothing.
 * - `Connection` knows when to connect, not what for.
 * - `Channels` knows who wants which channel, not how frames reach a tab.
 * - `Publisher` knows what is under way, not who else listens.
 * - `Sessions` knows which tabs are there, not what they want.
 * - `FrameSender` knows one tab's pace, not what an event is about.
 * - `servePort` knows what may be asked, `perform` what follows from it.
 */
export function createBroker({ host, scope, options }: BrokerDeps): Broker {
  const epoch = host.randomId()
  const startedAt = host.now()
  const traffic = createTraffic()
  const limits = sessionLimits(options)
  let rejectedMessages = 0
  let cancelIdle = (): void => {}

  const link: TransportLink = options.transport.create({
    event: event => channels.dispatch(event),
    continuity: (channel, continuity) => channels.continuity(channel, continuity),
    channelLost: (channel, error) => channels.channelLost(channel, error),
    lost: error => connection.lost(error),
  })
  const sessions = new Sessions({
    host,
    limits,
    traffic,
    livenessPollMs: options.livenessPollMs,
    attached(session) {
      for (const wanted of session.hello.wanted) channels.subscribe(session, wanted)
      if (session.hello.online) connection.dispatch({ type: 'online' })
      tellStatus(session)
      if (session.hasCredentials) void retryWithNewCredentials(parts)
    },
    probe: tellStatus,
    detached(session) {
      channels.unsubscribeAll(session)
      publisher.detach(session)
      credentials.forget(session)
    },
  })
  const credentials = new CredentialDesk({ host, timeoutMs: options.credentialsTimeoutMs, sources: () => sessions })
  const connection = new Connection({
    host,
    policy: options,
    connectTimeoutMs: options.connectTimeoutMs,
    link,
    credentials: (signal, fresh) => credentials.get(signal, fresh),
    changed: connectionChanged,
  })
  const channels = new Channels({
    host,
    link,
    traffic,
    lingerMs: options.lingerMs,
    joinTimeoutMs: options.joinTimeoutMs,
    maxChannels: options.maxChannels,
    connection: () => (connection.isOpen ? connection.signal : undefined),
    changed: demandChanged,
  })
  const publisher = new Publisher({
    host,
    link,
    traffic,
    maxPending: options.maxPending,
    isOpen: () => connection.isOpen,
    changed: demandChanged,
  })
  const parts = { host, channels, publisher, credentials, connection }

  function connectionChanged(state: ConnectionState, previous: ConnectionState): void {
    if (state.phase === previous.phase) return
    if (previous.phase.name === 'open') {
      channels.connectionLost()
      publisher.connectionLost()
    }
    for (const session of sessions) tellStatus(session)
    if (state.phase.name === 'open') {
      channels.connectionOpened()
      publisher.connectionOpened()
    }
  }

  function tellStatus(session: Session): void {
    session.send({ type: 'status', ...connection.status })
  }

  function demandChanged(): void {
    cancelIdle()
    if (channels.size + publisher.size > 0) connection.dispatch({ type: 'needed' })
    else cancelIdle = host.setTimer(options.idleMs, () => connection.dispatch({ type: 'unneeded' }))
  }

  function stats(): Stats {
    const uptimeMs = host.now() - startedAt
    const transport = options.transport.name
    return collectStats({
      epoch,
      scope,
      uptimeMs,
      transport,
      rejectedMessages,
      sessions,
      connection,
      channels,
      traffic,
    })
  }

  return {
    epoch,
    stats,
    accept: port =>
      servePort(port, {
        epoch,
        scope,
        maxRejectedMessages: options.maxRejectedMessages,
        attach: (hello, data) => sessions.attach(hello, data),
        detach: session => sessions.detach(session),
        perform: (session, op) => perform(session, op, parts),
        welcome: ({ id }) => ({
          protocol: PROTOCOL_VERSION,
          epoch,
          scope,
          sessionId: id,
          limits,
        }),
        heard(session) {
          session.heardAt = host.now()
        },
        stats,
        rejected() {
          rejectedMessages++
        },
      }),
    close() {
      cancelIdle()
      connection.dispatch({ type: 'close' })
      sessions.detachAll()
    },
  }
}
