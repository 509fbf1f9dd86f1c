import type { Hello, Op, SessionLimits, SignalOp, Stats, Welcome } from '../protocol/index.ts'
import { PROTOCOL_VERSION } from '../protocol/index.ts'
import type { BrokerHost, Port } from './host.ts'
import { createTraffic } from './observe/traffic.ts'
import type { ResolvedOptions } from './options.ts'
import { Channels } from './routing/channels.ts'
import { Publisher } from './routing/publisher.ts'
import { FrameSender } from './sessions/frame-sender.ts'
import { Liveness } from './sessions/liveness.ts'
import { servePort } from './sessions/port-service.ts'
import { Session } from './sessions/session.ts'
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
  close(reason: string): void
}

/**
 * The composition root: makes the parts, wires them, owns their lifetimes, decides nothing.
 * - `Connection` knows when to connect, not what for.
 * - `Channels` knows who wants which channel, not how frames reach a tab.
 * - `FrameSender` knows one tab's pace, not what an event is about.
 * - `servePort` knows what may be asked, not what follows from it.
 */
export function createBroker({ host, scope, options }: BrokerDeps): Broker {
  const epoch = host.randomId()
  const startedAt = host.now()
  const traffic = createTraffic()
  const sessions = new Set<Session>()
  let detachedDead = 0
  let rejectedMessages = 0
  let cancelIdle = (): void => {}

  const link: TransportLink = options.transport.create({
    event: event => channels.dispatch(event),
    continuity: (channel, continuity) => channels.continuity(channel, continuity),
    channelLost: (channel, error) => channels.channelLost(channel, error),
    lost: error => connection.lost(error),
  })

  const credentials = new CredentialDesk({
    host,
    timeoutMs: options.credentialsTimeoutMs,
    sources: () => sessions,
  })

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

  const liveness = new Liveness({
    host,
    pollMs: options.livenessPollMs,
    leaseMs: options.leaseMs,
    sessions: () => sessions,
    dead(session) {
      detachedDead++
      detach(session)
    },
  })

  const limits: SessionLimits = {
    maxFrameItems: options.maxFrameItems,
    maxFrameBytes: options.maxFrameBytes,
    maxQueuedItems: options.maxQueuedItems,
    maxQueuedBytes: options.maxQueuedBytes,
    maxPending: options.maxPending,
    maxChannels: options.maxChannels,
    leaseMs: options.leaseMs,
  }

  function connectionChanged(state: ConnectionState, previous: ConnectionState): void {
    const wasOpen = previous.phase.name === 'open'
    if (wasOpen && state.phase.name !== 'open') {
      channels.connectionLost()
      publisher.connectionLost()
    }
    if (state.phase !== previous.phase) for (const session of sessions) session.send({ type: 'status', ...connection.status })
    if (!wasOpen && state.phase.name === 'open') {
      channels.connectionOpened()
      publisher.connectionOpened()
    }
  }

  function demandChanged(): void {
    cancelIdle()
    if (channels.size + publisher.size > 0) connection.dispatch({ type: 'needed' })
    else cancelIdle = host.setTimer(options.idleMs, () => connection.dispatch({ type: 'unneeded' }))
  }

  function attach(hello: Hello, data: Port): Session {
    const sender = new FrameSender({
      limits,
      traffic,
      post: frame => data.postMessage(frame),
      reportError: error => host.reportError(error),
    })
    const session = new Session({ id: host.randomId(), hello, sender, data, now: host.now() })
    sessions.add(session)
    liveness.start()
    for (const wanted of hello.wanted) channels.subscribe(session, wanted)
    if (hello.online) connection.dispatch({ type: 'online' })
    if (hello.hasCredentials) void retryWithNewCredentials()
    return session
  }

  function detach(session: Session): void {
    if (!sessions.delete(session)) return
    channels.unsubscribeAll(session)
    publisher.detach(session)
    credentials.forget(session)
    session.close()
    if (sessions.size === 0) liveness.stop()
  }

  function perform(session: Session, op: Op): void {
    switch (op.op) {
      case 'subscribe':
        return channels.subscribe(session, op)
      case 'unsubscribe':
        return channels.unsubscribe(session, op.channel)
      case 'publish':
        return publisher.publish(session, op)
      case 'credentials':
        return credentials.answer(session, op)
      case 'signal':
        return signal(session, op)
    }
  }

  function signal(session: Session, { signal: kind, id }: SignalOp): void {
    switch (kind) {
      case 'visible':
        session.visible = true
        connection.dispatch({ type: 'visible' })
        return void retryWithNewCredentials()
      case 'hidden':
        session.visible = false
        return
      case 'online':
      case 'offline':
      case 'reconnect':
        return connection.dispatch({ type: kind })
      case 'cancel':
        if (id !== undefined) publisher.cancel(session, id)
        return
      case 'alive':
        return
    }
  }

  /** After a refusal only other credentials are worth an attempt, so they are asked for first. */
  async function retryWithNewCredentials(): Promise<void> {
    if (connection.status.reason !== 'credentials-refused') return
    try {
      if (await credentials.changed(new AbortController().signal)) connection.dispatch({ type: 'credentials' })
    } catch (error) {
      host.reportError(error)
    }
  }

  function welcome(session: Session): Welcome {
    return { protocol: PROTOCOL_VERSION, epoch, scope, sessionId: session.id, limits, status: connection.status }
  }

  function stats(): Stats {
    const attached = [...sessions]
    return {
      epoch,
      scope,
      uptimeMs: host.now() - startedAt,
      sessions: {
        attached: attached.length,
        visible: attached.filter(session => session.visible).length,
        detachedDead,
      },
      connection: { transport: options.transport.name, ...connection.stats(), ...reasonOf(connection.status.reason) },
      channels: channels.stats(),
      traffic: { ...traffic },
      queued: {
        items: attached.reduce((sum, { sender }) => sum + sender.queuedItems, 0),
        bytes: attached.reduce((sum, { sender }) => sum + sender.queuedBytes, 0),
      },
      rejectedMessages,
    }
  }

  return {
    epoch,
    accept: port =>
      servePort(port, {
        epoch,
        scope,
        maxRejectedMessages: options.maxRejectedMessages,
        welcome,
        attach,
        detach,
        perform,
        heard(session) {
          session.heardAt = host.now()
        },
        stats,
        rejected() {
          rejectedMessages++
        },
      }),
    stats,
    close(reason) {
      cancelIdle()
      connection.dispatch({ type: 'close', reason })
      for (const session of [...sessions]) detach(session)
    },
  }
}

function reasonOf(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason }
}
