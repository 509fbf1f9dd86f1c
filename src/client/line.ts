import { Emitter } from '../lib/index.ts'
import {
  fromWireError,
  MAX_NAME_LENGTH,
  PartylineError,
  PROTOCOL_VERSION,
  type EventItem,
  type Frame,
  type Hello,
  type Item,
  type Lease,
  type LineStatus,
  type Notice,
  type SignalOp,
  type Stats,
  type StatusName,
  type StatusReason,
} from '../protocol/index.ts'
import { Asking } from './asking.ts'
import { AttachmentKeeper } from './attachment-keeper.ts'
import type { Attachment } from './attachment.ts'
import { ClientChannel } from './channel.ts'
import type { Host } from './hosts/host.ts'
import { takeLease } from './lease.ts'
import { listen } from './listen.ts'
import { watchPage } from './page-signals.ts'
import { Publishing } from './publishing.ts'
import { randomId } from './random-id.ts'
import type { ConnectOptions, Line, LineEvents, ListenOptions, StatusChange } from './types.ts'

export type LineOptions = Required<Omit<ConnectOptions, 'worker' | 'credentials'>> & Pick<ConnectOptions, 'credentials'>

/** A tab's line: knows which channel and which message everything that comes from the broker belongs to. */
export class ClientLine implements Line {
  readonly scope: string
  readonly host: Host['name']
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
  #lease: Lease = { kind: 'silence' }
  #attempts = 0
  #attachedBefore = false

  constructor(host: Host, options: LineOptions) {
    this.scope = options.scope
    this.host = host.name
    this.#options = options
    this.#publishing = new Publishing(this.#asking)
    this.#keeper = new AttachmentKeeper({
      ...options,
      host,
      hello: () => this.#hello(),
      attached: attachment => this.#attached(attachment),
      items: items => this.#receive(items),
      detached: error => this.#detached(error),
      failed: error => {
        reportError(error)
        this.#end(error)
      },
    })
    watchPage(
      signal => this.#signal(signal),
      () => this.close(),
      this.#closed.signal,
    )
    void this.#keeper.attach(this.#takeLease())
  }

  get status(): StatusName {
    return this.#status.status
  }

  get reason(): StatusReason | undefined {
    return this.#status.reason
  }

  channel(name: string): ClientChannel {
    const known = this.#channels.get(name)
    if (known) return known
    if (typeof name !== 'string' || !name || name.length > MAX_NAME_LENGTH)
      throw new PartylineError('bad-options', 'channel needs a name, a string of 1 to 1024 characters')
    const channel = new ClientChannel(name, {
      publishing: this.#publishing,
      closed: this.#closed.signal,
      wantedChanged: changed => this.#wantedChanged(changed),
    })
    this.#channels.set(name, channel)
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
    this.#closed.signal.throwIfAborted()
    const attachment = this.#keeper.current
    if (!attachment) throw new PartylineError('stale-epoch', 'no broker yet', { retryable: true })
    return attachment.stats(signal)
  }

  reconnect(): void {
    this.#signal('reconnect')
    this.#keeper.retryNow()
  }

  close(): void {
    this.#end(new PartylineError('line-closed', 'the line is closed'))
  }

  async #takeLease(): Promise<void> {
    this.#lease = await takeLease(this.#tabId, this.#closed.signal)
  }

  #hello(): Hello {
    return {
      protocol: PROTOCOL_VERSION,
      scope: this.scope,
      tabId: this.#tabId,
      attempt: ++this.#attempts,
      lease: this.#lease,
      visible: !document.hidden,
      online: navigator.onLine,
      hasCredentials: this.#options.credentials !== undefined,
      wanted: Array.from(this.#channels.values())
        .filter(channel => channel.isWanted)
        .map(channel => channel.wanted(this.#attachedBefore)),
    }
  }

  #attached(attachment: Attachment): void {
    this.#attachedBefore = true
    this.#asking.attached(ops => attachment.ask(ops))
  }

  #detached(error: PartylineError): void {
    this.#byRef.clear()
    for (const channel of this.#channels.values()) channel.detached()
    this.#asking.detached()
    this.#publishing.detached()
    this.#become({ status: 'offline', reason: error.code })
  }

  #end(error: PartylineError): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(error)
    this.#keeper.close(error)
    this.#publishing.close(error)
    this.#become({ status: 'closed', reason: error.code })
  }

  #become(next: LineStatus): void {
    const { status, reason } = this.#status
    if (next.status === status && next.reason === reason) return
    this.#status = next
    this.#statusChanges.emit({ ...next, previous: status })
  }

  /** Before there is an attachment the next hello says it. */
  #wantedChanged(channel: ClientChannel): void {
    if (!this.#keeper.current) return
    if (channel.isWanted)
      this.#asking.ask({ op: 'subscribe', channel: channel.name }, error => channel.subscription('refused', error))
    else {
      channel.leaving()
      this.#asking.ask({ op: 'unsubscribe', channel: channel.name }, () => channel.subscription('left'))
    }
  }

  #signal(signal: SignalOp['signal']): void {
    if (this.#keeper.current) this.#asking.ask({ op: 'signal', signal })
  }

  #receive(items: Frame['items']): void {
    for (const item of items) {
      if (this.#closed.signal.aborted) return
      try {
        if (typeof item === 'string') this.#receive(JSON.parse(item) as EventItem[])
        else if (isEvent(item)) this.#byRef.get(item[0])?.receive(item)
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
        return channel.subscription(notice.state, notice.error && fromWireError(notice.error))
      }
      case 'continuity': {
        const { type: _, ref, ...continuity } = notice
        return this.#byRef.get(ref)?.tellContinuity(continuity)
      }
      case 'receipt':
        return this.#publishing.receipt(notice)
      case 'credentials-wanted':
        return void this.#giveCredentials(notice.id)
    }
  }

  async #giveCredentials(id: number): Promise<void> {
    try {
      const credentials = structuredClone(await this.#options.credentials?.({ signal: this.#closed.signal }))
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
