import type { BrokerScript, Mark, Stats } from '../protocol/index.ts'
import { PartylineError, PROTOCOL_VERSION } from '../protocol/index.ts'
import { Staleness } from './caching/staleness.ts'
import type { BrokerHost, Port } from './host.ts'
import { Pulse } from './observe/pulse.ts'
import { collectStats } from './observe/stats.ts'
import { createTraffic } from './observe/traffic.ts'
import { sessionLimits, type ResolvedOptions } from './options.ts'
import { Outbound } from './outgoing/outbound.ts'
import { OutboxDesk } from './outgoing/outbox-desk.ts'
import { Handover } from './peers/handover.ts'
import { Peers } from './peers/peers.ts'
import { Predecessor } from './peers/predecessor.ts'
import { Channels } from './routing/channels.ts'
import { History } from './routing/history.ts'
import { Presence } from './routing/presence.ts'
import { Publisher } from './routing/publisher.ts'
import { forgotten, forgottenError, pausedTooLong } from './sessions/farewells.ts'
import { MarkTeller } from './sessions/mark-teller.ts'
import { perform, retryWithNewCredentials } from './sessions/operations.ts'
import { servePort } from './sessions/port-service.ts'
import type { Session } from './sessions/session.ts'
import { Sessions } from './sessions/sessions.ts'
import { isUnexplained, type ConnectionState } from './upstream/connection-state.ts'
import { Connection } from './upstream/connection.ts'
import { CredentialDesk } from './upstream/credentials.ts'
import type { TransportLink } from './upstream/transport.ts'

/** Storage that does not answer must not keep tabs from hearing that their user has signed out. */
const WIPE_LIMIT_MS = 5_000

export interface BrokerDeps {
  readonly host: BrokerHost
  readonly scope: string
  /** @default 1 */
  readonly generation?: number
  readonly options: ResolvedOptions
  /** Tabs that were in the back/forward cache when the line of their user was ended here; added to. */
  readonly forgottenTabs?: Set<string>
  /** Another broker has taken over, and all tabs have gone to it. */
  readonly drained?: () => void
}

export interface Broker {
  readonly epoch: string
  /** It was forgotten or closed: whoever comes next needs another one. */
  readonly ended: boolean
  /**
   * A tab's control port.
   * @param data the data port that goes with it, where none can be moved over the control port
   */
  accept(port: Port, data?: Port): void
  stats(): Stats
  /** Ends the connection and lets all tabs go. Idempotent. */
  close(): void
}

/**
 * The composition root: makes the parts, wires them, owns their lifetimes, decides nothing.
 * - `Connection` knows when to connect, not what for.
 * - `Channels` knows who wants which channel, not how frames reach a tab.
 * - `History` knows what came, not for whom.
 * - `Publisher` knows what is under way, not who else listens.
 * - `OutboxDesk` knows who waits for what is stored, not when it can be sent; `Dispatcher` the other way round.
 * - `Outbound` knows the way out, not what becomes of a message.
 * - `Sessions` knows which tabs are there, not what they want.
 * - `FrameSender` knows one tab's pace, not what an event is about.
 * - `Staleness` knows which cached answers an event makes stale, not where they are.
 * - `Peers` knows which broker stays, `Handover` how this one goes, `Predecessor` what another has left.
 * - `servePort` knows what may be asked, `perform` what follows from it.
 */
export function createBroker(deps: BrokerDeps): Broker {
  const { host, scope, generation = 1, options, forgottenTabs = new Set(), drained = () => {} } = deps
  const epoch = host.randomId()
  const startedAt = host.now()
  const traffic = createTraffic()
  const limits = sessionLimits(options)
  const script: BrokerScript = { protocol: PROTOCOL_VERSION, generation, ...host.script }
  let rejectedMessages = 0
  let ended = false
  let isDegraded = false
  const malformedKinds = new Set<string>()
  let cancelIdle = (): void => {}

  const link: TransportLink = options.transport.create({
    event(event) {
      // First: whoever hears of it may ask the server at once.
      staleness.heard(event.channel, event.event)
      channels.dispatch(event)
    },
    continuity: (channel, continuity) => channels.continuity(channel, continuity),
    channelLost: (channel, error) => channels.channelLost(channel, error),
    lost: error => connection.lost(error),
    presence: (channel, change) => presence.told(channel, change),
    degraded,
    malformed,
    authorise: request => credentials.authorise(request),
  })
  const staleness = new Staleness(host, scope)
  const history = new History({ maxEvents: options.maxHistoryEvents, maxBytes: options.maxHistoryBytes })
  const sessions = new Sessions({
    host,
    limits,
    traffic,
    livenessPollMs: options.livenessPollMs,
    suspendedMs: options.suspendedMs,
    attached(session) {
      predecessor.attached(session.hello.marks ?? [])
      for (const wanted of session.hello.wanted) channels.subscribe(session, wanted)
      tellMark(session)
      outbox.start()
      greet(session)
    },
    resumed(session) {
      const refs = channels.resubscribe(session)
      greet(session)
      return refs
    },
    probe: tellStatus,
    detached(session) {
      channels.unsubscribeAll(session)
      publisher.detach(session)
      presence.leave(session)
      outbox.detach(session)
      outbound.flush()
      credentials.forget(session)
      if (sessions.size === 0) pulse.stop()
      outbox.tabsChanged()
    },
  })
  const credentials = new CredentialDesk({
    host,
    timeoutMs: options.credentialsTimeoutMs,
    sources: () => sessions,
    renewed: given => connection.renew(given),
  })
  const connection = new Connection({
    host,
    policy: options,
    connectTimeoutMs: options.connectTimeoutMs,
    link,
    credentials: (signal, fresh) => credentials.get(signal, fresh),
    async resume() {
      const checkpoint = await predecessor.checkpoint()
      history.offerStart(checkpoint ?? {})
      return checkpoint
    },
    changed: connectionChanged,
  })
  const channels = new Channels({
    host,
    epoch,
    link,
    traffic,
    history,
    lingerMs: options.lingerMs,
    handoverMs: options.handoverMs,
    joinTimeoutMs: options.joinTimeoutMs,
    maxChannels: options.maxChannels,
    connection: () => (connection.isOpen ? connection.signal : undefined),
    changed: demandChanged,
    interrupted: channel => staleness.interrupted(channel),
    joined: channel => presence.joined(channel),
    left: channel => presence.left(channel),
    watched: (...watched) => presence.greet(...watched),
  })
  const presence = new Presence({
    link,
    traffic,
    listeners: channel => channels.watchersOf(channel),
    isJoined: channel => channels.isJoined(channel),
    reportError: host.reportError,
  })
  const outbound = new Outbound({ host, link, batch: options.batch })
  const publisher = new Publisher({
    host,
    outbound,
    traffic,
    maxPending: options.maxPending,
    isOpen: maySend,
    changed: demandChanged,
  })
  const outbox = new OutboxDesk({
    host,
    epoch,
    options: options.outbox,
    traffic,
    maxUnderWay: options.batch?.maxEvents ?? 1,
    open: () =>
      host.openOutbox({
        scope,
        now: host.wallClock,
        randomId: host.randomId,
        reportError: host.reportError,
        ...options.outbox,
      }),
    delete: () => host.deleteOutbox(scope),
    isOpen: maySend,
    // Without a tab nobody sees to it that the worker lives until there is a line.
    stays: () => !handover.isUnderWay && !ended && sessions.size > 0,
    send: (message, signal) => outbound.publish(message, signal),
    sendUnstored: (session, op) => publisher.publish(session, op),
    changed: demandChanged,
    stored() {
      // It is the other one that sends it.
      if (handover.isUnderWay) peers.outboxChanged()
    },
  })
  const marks = new MarkTeller(currentMark)
  const handover = new Handover({
    host,
    sessions,
    pending: () => publisher.sentCount + outbox.sentCount,
    async letGo() {
      try {
        await outbox.release()
        // One that was never connected passes on what it was left itself.
        return (await predecessor.checkpoint()) ?? predecessor.passOn(currentMark().checkpoint)
      } finally {
        connection.dispatch({ type: 'close' })
      }
    },
    lastWord: tellMark,
    drained,
  })
  const peers = new Peers(
    {
      host,
      identity: {
        ...script,
        epoch,
        host: host.peers?.host ?? 'shared',
        build: options.build,
        startedAt: host.wallClock(),
      },
      forget: () => void forget(),
      rulesChanged: () => staleness.readRules(),
      nudged: () => void outbox.nudged().catch(host.reportError),
      yieldTo: newer => handover.to(newer),
      yielding: from => predecessor.yielding(from),
      yielded: (from, checkpoint) => predecessor.yielded(from, checkpoint),
    },
    scope,
  )
  const predecessor = new Predecessor({
    host,
    scope,
    handoverMs: options.handoverMs,
    canMeet: peers.canMeet,
    attachedLeases: () => new Set([...sessions].flatMap(({ lease }) => (lease.kind === 'lock' ? lease.name : []))),
  })
  // After a pause of its own the broker may have been replaced without hearing of it.
  const pulse = new Pulse(host, () => peers.announce())
  const parts = { host, channels, presence, publisher, outbox, outbound, credentials, connection }

  function maySend(): boolean {
    return connection.isOpen && !handover.isUnderWay
  }

  function currentMark(): Mark {
    return { epoch, n: history.n, checkpoint: link.checkpoint?.() }
  }

  /** What the tab still waits for is older than the mark would be. */
  function tellMark(session: Session): void {
    if (!channels.isAwaited(session)) marks.tell(session)
  }

  function greet(session: Session): void {
    pulse.start()
    outbox.tabsChanged()
    if (session.hello.online) connection.dispatch({ type: 'online' })
    if (session.hello.watchesOutbox === true) outbox.watch(session)
    tellStatus(session)
    if (session.hasCredentials) void retryWithNewCredentials(parts)
  }

  function connectionChanged(state: ConnectionState, previous: ConnectionState): void {
    if (state.phase === previous.phase) return
    if (previous.phase.name === 'open') {
      channels.connectionLost()
      publisher.connectionLost()
      outbox.connectionLost(isUnexplained(state))
    }
    for (const session of sessions) tellStatus(session)
    // What was accepted may just have run out. A server that ends what it accepts again and again is left alone.
    if (previous.phase.name === 'open' && state.revocations === 1) void retryWithNewCredentials(parts)
    if (state.phase.name === 'open') {
      predecessor.over()
      channels.connectionOpened()
      publisher.connectionOpened()
      outbox.connectionOpened()
    }
  }

  /** While another broker takes over the line goes on, and at its end tabs hear why. */
  function tellStatus(session: Session): void {
    if (handover.isUnderWay || ended) return
    const { status, message, retryInMs } = connection
    session.send({
      type: 'status',
      ...status,
      ...(message === undefined ? {} : { message }),
      ...(isDegraded && connection.isOpen ? { degraded: true } : {}),
      ...(retryInMs === undefined ? {} : { retryInMs }),
    })
  }

  function degraded(is: boolean): void {
    if (is === isDegraded) return
    isDegraded = is
    for (const session of sessions) tellStatus(session)
  }

  function malformed(kind: string, detail: string): void {
    traffic.malformed++
    if (malformedKinds.has(kind)) return
    malformedKinds.add(kind)
    host.reportError(new PartylineError('bad-message', `the server sent what makes no sense (${kind}): ${detail}`))
  }

  function demandChanged(): void {
    cancelIdle()
    if (channels.size + publisher.size + outbox.size > 0) connection.dispatch({ type: 'needed' })
    else cancelIdle = host.setTimer(options.idleMs, () => connection.dispatch({ type: 'unneeded' }))
  }

  async function statsOfAll(): Promise<Stats> {
    const cache = await host.caches?.counts(scope).catch((error: unknown) => host.reportError(error))
    return cache ? { ...stats(), cache } : stats()
  }

  function stats(): Stats {
    const uptimeMs = host.now() - startedAt
    const transport = options.transport.name
    return collectStats({
      epoch,
      generation,
      scope,
      uptimeMs,
      transport,
      degraded: isDegraded && connection.isOpen,
      rejectedMessages,
      sessions,
      connection,
      channels,
      traffic,
      outbox,
    })
  }

  /** Tabs hear of it when nothing is kept any more. */
  async function forget(): Promise<void> {
    for (const { tabId, suspendedAt } of sessions) if (suspendedAt !== undefined) forgottenTabs.add(tabId)
    end()
    const tasks = [outbox.wipe(), host.caches?.wipe(scope) ?? Promise.resolve()]
    const wiping = tasks.map(task => task.catch(host.reportError))
    await within(host, WIPE_LIMIT_MS, Promise.all(wiping))
    sessions.dismissAll(forgotten())
  }

  function end(): void {
    ended = true
    cancelIdle()
    credentials.close()
    staleness.close()
    peers.close()
    connection.dispatch({ type: 'close' })
  }

  return {
    epoch,
    get ended() {
      return ended
    },
    stats,
    accept: (port, data) =>
      servePort(port, {
        epoch,
        scope,
        data,
        maxRejectedMessages: options.maxRejectedMessages,
        farewell: hello => handover.farewell(hello),
        attach(hello, dataPort) {
          if (forgottenTabs.has(hello.tabId)) throw forgottenError()
          return sessions.attach(hello, dataPort)
        },
        detach: session => sessions.detach(session),
        suspend(session) {
          outbound.flush()
          sessions.suspend(session)
          channels.paused(session)
          presence.leave(session)
          credentials.forget(session)
        },
        perform(session, op) {
          perform(session, op, parts)
          // What came before it listened is nothing that it could have missed.
          if (op.op === 'subscribe') tellMark(session)
        },
        refuseIfStale({ attachedAt }) {
          // One that nobody can replace remains the one.
          if (peers.canMeet && pulse.hasPausedSince(attachedAt)) throw pausedTooLong()
        },
        welcome: ({ id }, resumed) => ({
          protocol: PROTOCOL_VERSION,
          epoch,
          scope,
          sessionId: id,
          resumed,
          limits,
        }),
        heard(session) {
          session.heardAt = host.now()
        },
        pinged: tellMark,
        stats: statsOfAll,
        async outbox(request) {
          const answer = await outbox.answer(request)
          if (request.type === 'retry' || request.type === 'drop') peers.outboxChanged()
          return answer
        },
        forget() {
          peers.forget()
          return forget()
        },
        rejected() {
          rejectedMessages++
        },
      }),
    close() {
      staleness.flush()
      end()
      void outbox.close()
      for (const session of sessions) sessions.detach(session)
    },
  }
}

/** Resolves with the task, or when the time is up. */
function within(host: BrokerHost, ms: number, task: Promise<unknown>): Promise<void> {
  return new Promise(resolve => {
    const cancel = host.setTimer(ms, resolve)
    void task.finally(() => {
      cancel()
      resolve()
    })
  })
}
