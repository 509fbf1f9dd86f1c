import { Emitter } from '../lib/index.ts'
import {
  fromWireError,
  MAX_NAME_LENGTH,
  PartylineError,
  toChannelId,
  type ChannelParams,
  type CredentialsWantedNotice,
  type EventItem,
  type Frame,
  type Item,
  type LineStatus,
  type Mark,
  type Notice,
  type SignalOp,
  type Stats,
  type StatusName,
  type StatusReason,
  type Welcome,
} from '../protocol/index.ts'
import { Asking } from './asking.ts'
import { AttachmentKeeper, type AttachmentKeeperDeps } from './attachment-keeper.ts'
import type { Attachment } from './attachment.ts'
import { ClientChannel } from './channel.ts'
import type { HostChoice } from './hosts/host-choice.ts'
import { TabLease } from './lease.ts'
import { listen } from './listen.ts'
import { ClientOutbox } from './outbox.ts'
import { watchPage } from './page-signals.ts'
import { Publishing } from './publishing.ts'
import { randomId } from './random-id.ts'
import type { ConnectOptions, HostName, Line, LineEvents, ListenOptions, StatusChange } from './types.ts'

export type LineOptions = Required<Omit<ConnectOptions, 'worker' | 'credentials'>> & Pick<ConnectOptions, 'credentials'>

/** Marks that are kept: some seconds of them, so that whoever resumes first starts where no other tab is behind. */
const MAX_MARKS = 5

/** A tab's line: knows which channel and which message everything that comes from the broker belongs to. */
export class ClientLine implements Line {
  readonly scope: string
  readonly outbox = new ClientOutbox({
    ask: async request => this.#attachment().outbox(request),
    watched: () => {
      if (this.#keeper.current) this.#asking.ask({ op: 'watch-outbox' })
    },
  })
  readonly #hosts: HostChoice
  readonly #options: LineOptions
  readonly #tabId = randomId()
  readonly #channels = new Map<string, ClientChannel>()
  readonly #byRef = new Map<number, ClientChannel>()
  readonly #asking = new Asking()
  readonly #publishing: Publishing
  readonly #keeper: AttachmentKeeper
  readonly #statusChanges = new Emitter<StatusChange>(reportError)
  readonly #closed = new AbortController()
  #status: LineStatus = { status: 'connecting' }
  readonly #lease = new TabLease(this.#tabId)
  #marks: readonly Mark[] = []

  constructor(hosts: HostChoice, options: LineOptions) {
    this.scope = options.scope
    this.#hosts = hosts
    this.#options = options
    this.#publishing = new Publishing(this.#asking)
    this.#keeper = new AttachmentKeeper({
      ...options,
      hosts,
      lease: this.#lease,
      hello: () => this.#hello(),
      attached: (...attached) => this.#attached(...attached),
      items: items => this.#receive(items),
      detached: (...detached) => this.#detached(...detached),
      failed: error => {
        if (error.code !== 'forgotten') reportError(error)
        this.#end(error)
      },
    })
    watchPage(
      {
        tell: signal => {
          this.#signal(signal)
          if (signal === 'visible') this.#keeper.retryNow()
        },
        leaving: () => this.#dropLease(),
        gone: isCached => (isCached ? this.#suspend() : this.close()),
        back: wasCached => void (wasCached ? this.#keeper.attach() : this.#renewLease()),
      },
      this.#closed.signal,
    )
    void this.#keeper.attach()
  }

  get host(): HostName {
    return this.#hosts.name
  }

  get status(): StatusName {
    return this.#status.status
  }

  get reason(): StatusReason | undefined {
    return this.#status.reason
  }

  get degraded(): boolean {
    return this.#status.degraded === true
  }

  channel(name: string, params?: ChannelParams): ClientChannel {
    if (typeof name !== 'string' || !name || name.length > MAX_NAME_LENGTH)
      throw new PartylineError('bad-options', 'channel needs a name, a string of 1 to 1024 characters')
    const id = toChannelId({ name, params })
    const known = this.#channels.get(id)
    if (known) return known
    const channel = new ClientChannel({ name, params }, id, {
      publishing: this.#publishing,
      closed: this.#closed.signal,
      wantedChanged: changed => this.#wantedChanged(changed),
      tracked: (of, state) => this.#tracked(of, state),
    })
    this.#channels.set(id, channel)
    return channel
  }

  on<Type extends keyof LineEvents>(
    type: Type,
    listener: (event: LineEvents[Type]) => void,
    options?: ListenOptions,
  ): () => void {
    if (type !== 'status') throw new PartylineError('bad-options', `a line has the event status, not ${String(type)}`)
    return listen(this.#statusChanges, listener, options)
  }

  async stats({ signal }: ListenOptions = {}): Promise<Stats> {
    signal?.throwIfAborted()
    return this.#attachment().stats(signal)
  }

  async forget(): Promise<void> {
    try {
      await this.#attachment().forget()
    } catch (error) {
      // Where the end itself is heard before the answer.
      if ((error as PartylineError).code !== 'forgotten') throw error
    }
  }

  reconnect(): void {
    this.#signal('reconnect')
    this.#keeper.retryNow()
  }

  close(): void {
    this.#end(new PartylineError('line-closed', 'the line is closed'))
  }

  /** In Chromium a cached page that holds a lock is thrown out when anybody asks which locks are held. */
  #suspend(): void {
    this.#keeper.suspend()
    this.#lease.drop()
  }

  /** First the broker hears that it can go by the lock no longer. */
  #dropLease(): void {
    if (this.#keeper.current) this.#asking.ask({ op: 'lease', lease: { kind: 'leaving' } })
    queueMicrotask(() => this.#lease.drop())
  }

  async #renewLease(): Promise<void> {
    const lease = await this.#keeper.takeLease()
    if (this.#keeper.current) this.#asking.ask({ op: 'lease', lease })
  }

  #attachment(): Attachment {
    this.#closed.signal.throwIfAborted()
    const attachment = this.#keeper.current
    if (!attachment) throw new PartylineError('stale-epoch', 'no broker yet', { retryable: true })
    return attachment
  }

  #hello(): ReturnType<AttachmentKeeperDeps['hello']> {
    return {
      tabId: this.#tabId,
      visible: !document.hidden,
      focused: document.hasFocus(),
      online: navigator.onLine,
      hasCredentials: this.#options.credentials !== undefined,
      wanted: Array.from(this.#channels.values())
        .filter(channel => channel.deliver)
        .map(channel => channel.wanted()),
      marks: this.#marks,
      watchesOutbox: this.outbox.isWatched,
    }
  }

  #attached(attachment: Attachment, { resumed }: Welcome, isSameBroker: boolean): void {
    this.#publishing.attached(resumed, isSameBroker)
    this.#asking.attached(ops => attachment.ask(ops))
    for (const channel of this.#channels.values()) channel.trackAgain()
  }

  #detached(error: PartylineError, isBrief: boolean): void {
    for (const channel of this.#channels.values()) channel.detached()
    this.#asking.detached()
    this.#publishing.detached()
    if (!isBrief) this.#become({ status: 'offline', reason: error.code })
  }

  #end(error: PartylineError): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(error)
    this.#keeper.close(error)
    this.#lease.drop()
    this.#publishing.close(error)
    this.#become({ status: 'closed', reason: error.code })
  }

  #become(next: LineStatus): void {
    const { status, reason, degraded } = this.#status
    if (next.status === status && next.reason === reason && next.degraded === degraded) return
    this.#status = next
    this.#statusChanges.emit({ ...next, previous: status })
  }

  /** Before there is an attachment the next hello says it. */
  #wantedChanged(channel: ClientChannel): void {
    if (!this.#keeper.current) return
    const { id, deliver } = channel
    if (deliver)
      this.#asking.ask({ op: 'subscribe', ...channel.wanted(), resume: undefined }, error =>
        channel.subscription('refused', error),
      )
    else {
      channel.leaving()
      this.#asking.ask({ op: 'unsubscribe', channel: id }, () => channel.subscription('left'))
    }
  }

  #tracked({ id }: ClientChannel, state: unknown): void {
    if (this.#keeper.current)
      this.#asking.ask({ op: 'track', channel: id, state: structuredClone(state) }, error => {
        // With the line goes what it has told.
        if (!this.#closed.signal.aborted) reportError(error)
      })
  }

  #signal(signal: SignalOp['signal']): void {
    if (this.#keeper.current) this.#asking.ask({ op: 'signal', signal })
  }

  #receive(items: Frame['items']): void {
    for (const item of items) {
      if (this.#closed.signal.aborted) return
      try {
        if (typeof item === 'string') this.#receive(JSON.parse(item) as EventItem[])
        else if (isEvent(item)) this.#byRef.get(Math.abs(item[0]))?.receive(item)
        else this.#notice(item)
      } catch (error) {
        reportError(error)
      }
    }
  }

  #notice(notice: Notice): void {
    switch (notice.type) {
      case 'status': {
        const { type: _, ...status } = notice
        return this.#become(status)
      }
      case 'subscription': {
        const channel = this.#channels.get(notice.channel)
        if (!channel) return
        this.#byRef.set(notice.ref, channel)
        return channel.subscription(notice.state, notice.error && fromWireError(notice.error), notice.info)
      }
      case 'continuity': {
        const { type: _, ref, ...continuity } = notice
        return this.#byRef.get(ref)?.tellContinuity(continuity)
      }
      case 'presence':
        return this.#byRef.get(notice.ref)?.presence(notice.change)
      case 'outbox': {
        const { type: _, ...counts } = notice
        return this.outbox.changed(counts)
      }
      case 'receipt':
        return this.#publishing.receipt(notice)
      case 'mark':
        this.#marks = [...this.#marks, notice.mark].slice(-MAX_MARKS)
        for (const channel of this.#channels.values()) channel.marked()
        return
      case 'credentials-wanted':
        return void this.#giveCredentials(notice.id, notice.request)
    }
  }

  async #giveCredentials(id: number, request?: CredentialsWantedNotice['request']): Promise<void> {
    try {
      const { signal } = this.#closed
      const credentials = structuredClone(await this.#options.credentials?.({ ...request, signal }))
      this.#asking.ask({ op: 'credentials', id, credentials }, reportError)
    } catch (error) {
      reportError(error)
      this.#asking.ask({ op: 'credentials', id })
    }
  }
}

function isEvent(item: Item): item is EventItem {
  return Array.isArray(item)
}
