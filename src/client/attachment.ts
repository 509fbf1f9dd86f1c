import {
  fromWireError,
  isAnnounce,
  parseFrame,
  parseWelcome,
  PartylineError,
  type Ack,
  type Ask,
  type BrokerScript,
  type Frame,
  type Hello,
  type Op,
  type OpFailure,
  type OutboxRequest,
  type Stats,
  type Welcome,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import { control, moved, type Control } from './control.ts'
import type { HostLink } from './hosts/host.ts'
import { watch } from './watch.ts'

export interface AttachmentDeps {
  readonly link: HostLink
  readonly hello: Hello
  readonly timeoutMs: number
  /** Frames may come before it: the two ports have no order between them. */
  attached(welcome: Welcome): void
  /** What one frame carried. It is acknowledged when this returns. */
  items(items: Frame['items']): void
  /** Another broker has taken over; `ended` follows. */
  moved(script: BrokerScript): void
  /** A sign of life is due: whether it is worth the wait. */
  waiting(): void
  /** There was one. */
  answered(): void
  /** The attachment is over, and why; once, and after it nothing else is called. */
  ended(error: PartylineError): void
}

/** One life of this tab with one broker: from hello to the end of the epoch. */
export class Attachment {
  readonly #deps: AttachmentDeps
  readonly #control: Control
  readonly #end = new AbortController()
  /** Resolves when the broker has welcomed the tab, or will not. */
  readonly #answered: Promise<void>
  /** Asks the broker now whether it is there, or whether it is worth the wait where it was asked long ago. */
  readonly check: () => void
  /** Not there until the broker has welcomed the tab. */
  #welcome: Welcome | undefined
  /** Of the last frame that was handled; the numbers of a session that is carried on go on. */
  #lastSeq: number | undefined
  /** When a ping was answered last. */
  #answeredAt = 0

  constructor(deps: AttachmentDeps) {
    const { link, timeoutMs } = deps
    this.#deps = deps
    this.#control = control(link.control, timeoutMs, this.#end.signal)
    // Later it is an error of the app's own in a worker that runs.
    void link.failed.then(error => this.#welcome || this.end(error))
    link.control.addEventListener('message', event => this.#heard(event.data))
    link.data.addEventListener('message', event => this.#received(event.data))
    link.data.start?.()
    this.check = watch(
      async () => {
        if (!this.#welcome) return deps.waiting()
        await this.#call('ping')
        this.#answeredAt = performance.now()
        deps.answered()
      },
      deps.waiting,
      () => this.end(new PartylineError('call-timeout', 'the broker is silent', { retryable: true })),
      this.#end.signal,
    )
    this.#answered = this.#attach()
  }

  /** Which session this is, or may be before the welcome, and the last frame that was handled in it. */
  get session(): Hello['session'] {
    const { session } = this.#deps.hello
    const id = this.#welcome?.sessionId ?? session?.id
    return id === undefined ? undefined : { id, seq: this.#lastSeq ?? (id === session?.id ? session.seq : 0) }
  }

  get wasWelcome(): boolean {
    return this.#welcome !== undefined
  }

  /** Resolves with the operations that were refused. Ends the attachment when the broker does not know it any more. */
  async ask(ops: readonly Op[]): Promise<readonly OpFailure[]> {
    return this.#call<readonly OpFailure[]>('ask', undefined, ops)
  }

  stats(signal?: AbortSignal): Promise<Stats> {
    return this.#call<Stats>('stats', signal)
  }

  outbox(request: OutboxRequest): Promise<unknown> {
    return this.#call('outbox', undefined, undefined, request)
  }

  forget(): Promise<void> {
    return this.#call('forget')
  }

  /** Tells the broker and lets go: for good, or to come back to the same session. Idempotent. */
  leave(how: 'bye' | 'suspend', error: PartylineError): void {
    if (this.#welcome && !this.#end.signal.aborted)
      this.#control(how, [this.#welcome.epoch, this.#lastSeq]).catch(ignoreEnd)
    this.end(error)
  }

  /** Lets go without a word. Idempotent. */
  end(error: PartylineError): void {
    if (this.#end.signal.aborted) return
    this.#end.abort(error)
    this.#deps.link.close()
    this.#deps.ended(error)
  }

  async #attach(): Promise<void> {
    const { hello, link, attached } = this.#deps
    try {
      this.#welcome = parseWelcome(await this.#control('attach', [hello, link.moved && moved(link.moved)]))
      attached(this.#welcome)
    } catch (error) {
      this.end(error as PartylineError)
    }
  }

  /** The ports have no order between them: what came in a frame may make the app call before the welcome is here. */
  async #call<T>(
    method: 'ask' | 'stats' | 'outbox' | 'ping' | 'forget',
    signal?: AbortSignal,
    ops?: readonly Op[],
    request?: OutboxRequest,
  ): Promise<T> {
    await abortable([this.#end.signal, signal], () => this.#answered)
    const epoch = this.#welcome?.epoch ?? ''
    const argument: Ask | string = ops ? { epoch, ops } : epoch
    const askedAt = performance.now()
    try {
      return (await this.#control(method, request ? [argument, request] : [argument], signal)) as T
    } catch (error) {
      const { code } = error as PartylineError
      // It answers pings, so it is there: the call got lost, such as one that cannot be read on the other side.
      const isLost = code === 'call-timeout' && this.#answeredAt > askedAt
      // A broker that does not know us, or does not answer, is as good as gone.
      if (code === 'call-timeout' || code === 'stale-epoch') this.end(isLost ? staleEpoch() : (error as PartylineError))
      throw error
    }
  }

  /** A broker speaks unasked when it starts, when it lets the tab go, and when another has taken over. */
  #heard(message: unknown): void {
    if (!isAnnounce(message)) return
    const { error, epoch, moved: script } = message
    if (script) this.#deps.moved(script)
    if (error) this.end(fromWireError(error))
    // A script that has started anew behind the same port knows nothing of this tab.
    else if (script || (this.#welcome && epoch !== this.#welcome.epoch)) this.end(staleEpoch())
  }

  #received(message: unknown): void {
    if (this.#end.signal.aborted) return
    try {
      const { seq, items } = parseFrame(message)
      if (seq !== (this.#lastSeq ?? seq - 1) + 1)
        throw new PartylineError('bad-message', 'a frame is missing', { retryable: true })
      this.#deps.items(items)
      this.#lastSeq = seq
      this.#deps.link.data.postMessage({ type: 'ack', seq } satisfies Ack)
    } catch (error) {
      this.end(error as PartylineError)
    }
  }
}

function staleEpoch(): PartylineError {
  return new PartylineError('stale-epoch', 'the broker is another or lost a call', { retryable: true })
}

/** The answer to a farewell does not matter: it is cut off by the end that it announces. */
function ignoreEnd(): void {}
