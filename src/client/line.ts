import { Emitter, fullJitter } from '../lib/index.ts'
import {
  describe,
  fromWireError,
  isEventItem,
  isNotice,
  PartylineError,
  PROTOCOL_VERSION,
  type Hello,
  type Item,
  type LineStatus,
  type Notice,
  type SignalOp,
  type Stats,
  type StatusName,
  type Wanted,
  type Welcome,
} from '../protocol/index.ts'
import { Asking } from './asking.ts'
import { Attachment } from './attachment.ts'
import { ClientChannel, listen } from './channel.ts'
import type { Host } from './hosts/host.ts'
import { takeLease, type HeldLease } from './lease.ts'
import { onUnload, watchPage } from './page-signals.ts'
import { Publishing } from './publishing.ts'
import type { ConnectOptions, Line, LineEvents, ListenOptions, StatusChange } from './types.ts'

const REATTACH_BACKOFF = { baseMs: 500, maxMs: 15_000 }
/** How often a tab without a Web Lock says that it is alive. */
const ALIVE_EVERY_MS = 30_000
const FATAL: ReadonlySet<string> = new Set(['version-mismatch', 'scope-mismatch', 'bad-options'])

export type LineOptions = Required<Omit<ConnectOptions, 'worker' | 'credentials'>> & Pick<ConnectOptions, 'credentials'>

/** A tab's line: keeps it attached to a broker, and knows which channel and which message everything belongs to. */
export class ClientLine implements Line {
  readonly scope: string
  readonly host: Host['name']
  readonly #host: Host
  readonly #options: LineOptions
  readonly #tabId = randomId()
  readonly #channels = new Map<string, ClientChannel>()
  readonly #byRef = new Map<number, ClientChannel>()
  readonly #asking = new Asking()
  readonly #publishing: Publishing
  readonly #statusChanges = new Emitter<StatusChange>(reportError)
  readonly #closed = new AbortController()
  #status: LineStatus = { status: 'connecting' }
  #lease: HeldLease | undefined
  #attachment: Attachment | undefined
  #attachedBefore = false
  #failures = 0
  #reattachTimer: ReturnType<typeof setTimeout> | undefined

  constructor(host: Host, options: LineOptions) {
    this.scope = options.scope
    this.host = host.name
    this.#host = host
    this.#options = options
    this.#publishing = new Publishing(this.#asking, options.callTimeoutMs)
    watchPage(signal => this.#signal(signal), this.#closed.signal)
    onUnload(() => this.close(), this.#closed.signal)
    void this.#start()
  }

  get status(): StatusName {
    return this.#status.status
  }

  get reason(): string | undefined {
    return this.#status.reason
  }

  channel(name: string): ClientChannel {
    const known = this.#channels.get(name)
    if (known) return known
    if (typeof name !== 'string' || name === '')
      throw new PartylineError('bad-options', `the channel's name is ${String(name)}; expected a string that is not empty`)
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
    if (type !== 'status') throw new PartylineError('bad-options', `a line has no event ${String(type)}; it has: status`)
    return listen(this.#statusChanges, listener, options)
  }

  async stats({ signal }: ListenOptions = {}): Promise<Stats> {
    signal?.throwIfAborted()
    if (!this.#attachment) throw this.#closed.signal.reason ?? notAttached()
    return this.#attachment.stats({ timeoutMs: this.#options.callTimeoutMs, signal })
  }

  reconnect(): void {
    if (this.#attachment) this.#signal('reconnect')
    else if (this.#reattachTimer !== undefined) this.#attach()
  }

  close(): void {
    this.#end(new PartylineError('line-closed', 'the line was closed'))
  }

  async #start(): Promise<void> {
    // The worker's script loads while the lock is taken.
    const link = this.#openLink()
    try {
      this.#lease = await takeLease(this.#tabId)
    } catch (error) {
      reportError(error)
      this.#lease = { lease: { kind: 'silence' }, release() {} }
    }
    if (this.#closed.signal.aborted) {
      this.#lease.release()
      link?.close()
    } else if (link) this.#attach(link)
    if (this.#lease.lease.kind === 'silence') this.#keepSpeaking()
  }

  #openLink(): ReturnType<Host['open']> | undefined {
    try {
      return this.#host.open({ scope: this.scope, generation: 1 })
    } catch (error) {
      this.#detached(asOpenError(error))
      return undefined
    }
  }

  #attach(link = this.#openLink()): void {
    clearTimeout(this.#reattachTimer)
    this.#reattachTimer = undefined
    if (!link) return
    this.#attachment = new Attachment({
      link,
      hello: this.#hello(),
      attachTimeoutMs: this.#options.attachTimeoutMs,
      callTimeoutMs: this.#options.callTimeoutMs,
      attached: welcome => this.#attached(welcome),
      items: items => this.#receive(items),
      ended: error => this.#detached(error),
    })
  }

  #hello(): Hello {
    return {
      protocol: PROTOCOL_VERSION,
      scope: this.scope,
      tabId: this.#tabId,
      lease: this.#lease?.lease ?? { kind: 'silence' },
      visible: !document.hidden,
      online: navigator.onLine,
      hasCredentials: this.#options.credentials !== undefined,
      wanted: [...this.#channels.values()].filter(channel => channel.isWanted).map(channel => this.#wanted(channel)),
    }
  }

  #wanted({ name, position }: ClientChannel): Wanted {
    if (!this.#attachedBefore) return { channel: name }
    return { channel: name, resume: position === undefined ? {} : { position } }
  }

  #attached(welcome: Welcome): void {
    this.#failures = 0
    this.#attachedBefore = true
    this.#become(welcome.status)
    const attachment = this.#attachment
    if (attachment) this.#asking.attached(ops => attachment.ask(ops))
  }

  #detached(error: PartylineError): void {
    this.#attachment = undefined
    this.#byRef.clear()
    this.#asking.detached()
    this.#publishing.detached()
    if (this.#closed.signal.aborted) return
    if (FATAL.has(error.code)) return this.#end(error)
    this.#become({ status: 'offline', reason: error.code })
    const delayMs = error.code === 'stale-epoch' ? 0 : fullJitter(++this.#failures, Math.random(), REATTACH_BACKOFF)
    this.#reattachTimer = setTimeout(() => this.#attach(), delayMs)
  }

  #end(error: PartylineError): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(error)
    clearTimeout(this.#reattachTimer)
    this.#attachment?.close(error)
    this.#publishing.close(error)
    this.#lease?.release()
    this.#become({ status: 'closed', reason: error.code })
  }

  #become(next: LineStatus): void {
    const { status, reason } = this.#status
    if (next.status === status && next.reason === reason) return
    this.#status = next
    this.#statusChanges.emit({
      status: next.status,
      previous: status,
      ...(next.reason === undefined ? undefined : { reason: next.reason }),
    })
  }

  #wantedChanged(channel: ClientChannel): void {
    if (!this.#attachment) return
    if (channel.isWanted)
      this.#asking.ask(
        { op: 'subscribe', channel: channel.name },
        { failed: error => channel.subscription('refused', error) },
      )
    else this.#asking.ask({ op: 'unsubscribe', channel: channel.name })
  }

  #signal(signal: SignalOp['signal']): void {
    if (this.#attachment) this.#asking.ask({ op: 'signal', signal })
  }

  #keepSpeaking(): void {
    const timer = setInterval(() => this.#signal('alive'), ALIVE_EVERY_MS)
    this.#closed.signal.addEventListener('abort', () => clearInterval(timer))
  }

  #receive(items: readonly Item[]): void {
    for (const item of items) {
      try {
        if (isEventItem(item)) this.#byRef.get(item[0])?.receive(item)
        else if (isNotice(item)) this.#notice(item)
      } catch (error) {
        reportError(error)
      }
    }
  }

  #notice(notice: Notice): void {
    switch (notice.type) {
      case 'status':
        return this.#become({ status: notice.status, ...(notice.reason === undefined ? undefined : { reason: notice.reason }) })
      case 'subscription': {
        const channel = this.#channels.get(notice.channel)
        if (!channel?.isWanted) return
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
      const credentials = await this.#options.credentials?.({ signal: this.#closed.signal })
      this.#asking.ask({ op: 'credentials', id, ...(credentials && { credentials }) })
    } catch (error) {
      this.#asking.ask({ op: 'credentials', id, error: describe(error) })
    }
  }
}

function asOpenError(error: unknown): PartylineError {
  return error instanceof PartylineError
    ? error
    : new PartylineError('worker-failed', `the worker could not be opened: ${describe(error)}`, { retryable: true, cause: error })
}

function notAttached(): PartylineError {
  return new PartylineError('stale-epoch', 'no broker is attached at the moment', { retryable: true })
}

/** `crypto.randomUUID` is not there in insecure contexts. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('')
}
