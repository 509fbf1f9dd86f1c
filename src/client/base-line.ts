import {
  fromWireError,
  MAX_NAME_LENGTH,
  PartylineError,
  toChannelId,
  type ChannelAddress,
  type CredentialsWantedNotice,
  type EventItem,
  type Frame,
  type Item,
  type LineStatus,
  type Mark,
  type Notice,
  type OutboxNotice,
} from '../protocol/index.ts'
import { keepAttached } from './attachment-keeper.ts'
import type { Attachment } from './attachment.ts'
import { Emitter } from './emitter.ts'
import type { HostChoice } from './hosts/host-choice.ts'
import { tabLease } from './lease.ts'
import { startOutgoing, type Outgoing } from './outgoing.ts'
import { watchPage } from './page-signals.ts'
import { randomId } from './random-id.ts'
import { staleEpoch } from './retryable.ts'
import { Subscription, type Tell } from './subscription.ts'
import type { ConnectOptions, HostName, StatusChange } from './types.ts'

export type LineOptions = Required<Omit<ConnectOptions, 'worker' | 'credentials'>> & Pick<ConnectOptions, 'credentials'>

/** Hears how full the outbox is, if the next hello is to ask for it. Must not throw. */
export interface OutboxSink {
  readonly isWatched: boolean
  changed(notice: OutboxNotice): void
}

/**
 * A tab's line, without what an app is given to hold: messages are sent as they are, and what only some need of a broker
 * they call by themselves.
 */
export interface BaseLine {
  readonly scope: string
  /** May change: what the browser has is found out by trying. */
  readonly host: HostName
  readonly status: LineStatus
  readonly statusChanges: Emitter<StatusChange>
  /** Aborts when the line is closed, with why. */
  readonly closed: AbortSignal
  /** @throws PartylineError `line-closed`, `invalid-payload` */
  send: Outgoing['send']
  cancel: Outgoing['cancel']
  /** The same for the same name and parameters. @throws PartylineError `bad-options` */
  channel(address: ChannelAddress): Subscription
  tell: Tell
  readonly attachment: Attachment | undefined
  /** Connects now, whatever the backoff or the circuit breaker would wait for. */
  reconnect(): void
  /** Idempotent. */
  close(): void
}

/** Marks that are kept: some seconds of them, so that whoever resumes first starts where no other tab is behind. */
const MAX_MARKS = 5

/**
 * Knows which channel and which message everything that comes from the broker belongs to.
 * @throws PartylineError `bad-options`
 */
export function baseLine(hosts: HostChoice, options: LineOptions, outbox?: OutboxSink): BaseLine {
  const { scope } = options
  // A lone surrogate has no place in a worker's name.
  if (typeof scope !== 'string' || !scope || scope.length > 200 || /\p{Cs}/u.test(scope))
    throw new PartylineError('bad-options', 'connect needs { scope }, a string of 1 to 200 characters')
  const tabId = randomId()
  const channels = new Map<string, Subscription>()
  const byRef = new Map<number, Subscription>()
  const outgoing = startOutgoing()
  const lease = tabLease(tabId)
  const over = new AbortController()
  const closed = over.signal
  const statusChanges = new Emitter<StatusChange>()
  let status: LineStatus = { status: 'connecting' }
  /** How many different ones this tab was attached to. */
  let brokers = 0
  let marks: readonly Mark[] = []

  const keeper = keepAttached({
    ...options,
    hosts,
    lease,
    items: receive,
    hello: () => ({
      tabId,
      visible: !document.hidden,
      focused: document.hasFocus(),
      online: navigator.onLine,
      hasCredentials: options.credentials !== undefined,
      wanted: [...channels.values()].filter(({ deliver }) => deliver).map(channel => channel.wanted()),
      marks,
      watchesOutbox: outbox?.isWatched,
    }),
    attached(attachment, { resumed }, isSameBroker) {
      if (!isSameBroker) brokers++
      outgoing.attached(attachment.ask, resumed, isSameBroker)
      for (const channel of channels.values()) channel.attached()
    },
    hostChanged() {
      // A server that restores one session for two brokers sends events to only one of them.
      marks = []
    },
    detached({ code }, isBrief) {
      for (const channel of channels.values()) channel.detached()
      outgoing.detached()
      if (!isBrief) become({ status: 'offline', reason: code })
    },
    failed(error) {
      // What is no mistake of the app's the status tells.
      if (!/^(forgotten|update-required)$/.test(error.code)) reportError(error)
      end(error)
    },
  })

  watchPage(
    {
      tell: signal => {
        tell({ op: 'signal', signal })
        if (signal === 'visible') keeper.retryNow()
      },
      leaving() {
        // First the broker hears that it can go by the lock no longer.
        tell({ op: 'lease', lease: { kind: 'leaving' } })
        queueMicrotask(() => lease.drop())
      },
      gone(isCached) {
        if (!isCached) return close()
        keeper.leave('suspend', staleEpoch())
        // In Chromium a cached page that holds a lock is thrown out when anybody asks which locks are held.
        lease.drop()
      },
      back: wasCached =>
        void (wasCached ? keeper.attach() : keeper.takeLease().then(taken => tell({ op: 'lease', lease: taken }))),
    },
    closed,
  )
  void keeper.attach()

  function tell(...[op, failed]: Parameters<Tell>): boolean {
    if (!keeper.current) return false
    outgoing.ask(op, failed)
    return true
  }

  function end(error: PartylineError): void {
    if (closed.aborted) return
    over.abort(error)
    keeper.leave('bye', error)
    lease.drop()
    outgoing.close(error)
    become({ status: 'closed', reason: error.code })
  }

  function close(): void {
    end(new PartylineError('line-closed', 'the line is closed'))
  }

  function become(next: LineStatus): void {
    const previous = status
    if (next.status === previous.status && next.reason === previous.reason && next.degraded === previous.degraded)
      return
    status = next
    statusChanges.emit({ ...next, previous: previous.status })
  }

  function receive(items: Frame['items']): void {
    for (const item of items) {
      if (closed.aborted) return
      try {
        if (typeof item === 'string') receive(JSON.parse(item) as EventItem[])
        else if (isEvent(item)) byRef.get(Math.abs(item[0]))?.receive(item)
        else heard(item)
      } catch (error) {
        reportError(error)
      }
    }
  }

  function heard(notice: Notice): void {
    switch (notice.type) {
      case 'status': {
        const { type: _, ...next } = notice
        return become(next)
      }
      case 'subscription': {
        const channel = channels.get(notice.channel)
        if (!channel) return
        byRef.set(notice.ref, channel)
        return channel.subscription(notice.state, notice.error && fromWireError(notice.error), notice.info)
      }
      case 'continuity': {
        const { type, ref, ...continuity } = notice
        return byRef.get(ref)?.emit(type, continuity)
      }
      case 'presence':
        return byRef.get(notice.ref)?.emit(notice.type, notice.change)
      case 'outbox':
        return outbox?.changed(notice)
      case 'receipt':
        return outgoing.receipt(notice)
      case 'mark':
        marks = [...marks, notice.mark].slice(-MAX_MARKS)
        for (const channel of channels.values()) channel.marked()
        return
      case 'credentials-wanted':
        return void giveCredentials(notice)
    }
  }

  async function giveCredentials({ id, request }: CredentialsWantedNotice): Promise<void> {
    const { current } = keeper
    const broker = brokers
    let credentials
    try {
      credentials = structuredClone(await options.credentials?.({ ...request, signal: closed }))
    } catch (error) {
      if (!closed.aborted) reportError(error)
    }
    // Another one asks for itself. It may ask before it has welcomed the tab, which counts it.
    const isSame = keeper.current === current || broker === brokers
    if (keeper.current && isSame) outgoing.ask({ op: 'credentials', id, credentials }, reportError)
  }

  return {
    scope,
    statusChanges,
    get host() {
      return hosts.name
    },
    get status() {
      return status
    },
    closed,
    send(...message) {
      closed.throwIfAborted()
      return outgoing.send(...message)
    },
    cancel: outgoing.cancel,
    channel(address) {
      const { name } = address
      if (typeof name !== 'string' || !name || name.length > MAX_NAME_LENGTH)
        throw new PartylineError('bad-options', 'channel needs a name, a string of 1 to 1024 characters')
      const id = toChannelId(address)
      const channel = channels.get(id) ?? new Subscription(id, tell)
      channels.set(id, channel)
      return channel
    },
    tell,
    get attachment() {
      return keeper.current
    },
    reconnect() {
      tell({ op: 'signal', signal: 'reconnect' })
      keeper.retryNow()
    },
    close,
  }
}

function isEvent(item: Item): item is EventItem {
  return Array.isArray(item)
}
