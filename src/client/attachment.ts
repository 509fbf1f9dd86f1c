import {
  fromWireError,
  isAnnounce,
  parseFrame,
  parseWelcome,
  PartylineError,
  type Ack,
  type Ask,
  type Hello,
  type Frame,
  type Op,
  type OpFailure,
  type Stats,
  type Welcome,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import { control, moved, type Control } from './control.ts'
import type { HostLink } from './hosts/host.ts'

export interface AttachmentDeps {
  readonly link: HostLink
  readonly hello: Hello
  readonly timeoutMs: number
  /** Frames may come before it: the two ports have no order between them. */
  attached(welcome: Welcome): void
  /** What one frame carried. It is acknowledged when this returns. */
  items(items: Frame['items']): void
  /** The attachment is over, and why; once, and after it nothing else is called. */
  ended(error: PartylineError): void
}

/** One life of this tab with one broker: from hello to the end of the epoch. */
export class Attachment {
  readonly #deps: AttachmentDeps
  readonly #control: Control
  readonly #end = new AbortController()
  readonly #channel = new MessageChannel()
  /** Resolves when the broker has welcomed the tab, or will not. */
  readonly #answered: Promise<void>
  /** Empty until the broker has welcomed the tab. */
  #epoch = ''
  #lastSeq = 0

  constructor(deps: AttachmentDeps) {
    const { link, timeoutMs } = deps
    this.#deps = deps
    this.#control = control(link.control, timeoutMs, this.#end.signal)
    // Later it is an error of the app's own in a worker that runs.
    void link.failed.then(error => this.#epoch || this.#finish(error))
    link.control.addEventListener('message', event => this.#heard(event.data))
    this.#channel.port1.addEventListener('message', event => this.#received(event.data))
    this.#channel.port1.start()
    this.#answered = this.#attach()
  }

  /** Resolves with the operations that were refused. Ends the attachment when the broker does not know it any more. */
  async ask(ops: readonly Op[]): Promise<readonly OpFailure[]> {
    return this.#call<readonly OpFailure[]>('ask', undefined, ops)
  }

  stats(signal?: AbortSignal): Promise<Stats> {
    return this.#call<Stats>('stats', signal)
  }

  /** Tells the broker and lets go. Idempotent. */
  close(error: PartylineError): void {
    if (this.#epoch && !this.#end.signal.aborted) this.#control('bye', [this.#epoch]).catch(ignoreEnd)
    this.#finish(error)
  }

  async #attach(): Promise<void> {
    const { hello, attached } = this.#deps
    try {
      const answer = await this.#control('attach', [hello, moved(this.#channel.port2)])
      const welcome = parseWelcome(answer)
      this.#epoch = welcome.epoch
      attached(welcome)
    } catch (error) {
      this.#finish(error as PartylineError)
    }
  }

  /** The ports have no order between them: what came in a frame may make the app call before the welcome is here. */
  async #call<T>(method: 'ask' | 'stats', signal?: AbortSignal, ops?: readonly Op[]): Promise<T> {
    await abortable([this.#end.signal, signal], () => this.#answered)
    const epoch = this.#epoch
    const argument: Ask | string = ops ? { epoch, ops } : epoch
    try {
      return (await this.#control(method, [argument], signal)) as T
    } catch (error) {
      // A broker that does not know us, or does not answer, is as good as gone.
      if ((error as PartylineError).retryable) this.#finish(error as PartylineError)
      throw error
    }
  }

  /** A broker speaks unasked only when it starts: if it is not the one that we know, that one is gone. */
  #heard(message: unknown): void {
    if (!isAnnounce(message)) return
    if (message.error !== undefined) this.#finish(fromWireError(message.error))
    else if (this.#epoch && message.epoch !== this.#epoch)
      this.#finish(new PartylineError('stale-epoch', 'another broker took over', { retryable: true }))
  }

  #received(message: unknown): void {
    try {
      const { seq, items } = parseFrame(message)
      if (seq !== ++this.#lastSeq) throw new PartylineError('bad-message', 'a frame is missing', { retryable: true })
      this.#deps.items(items)
      this.#channel.port1.postMessage({ type: 'ack', seq } satisfies Ack)
    } catch (error) {
      this.#finish(error as PartylineError)
    }
  }

  #finish(error: PartylineError): void {
    if (this.#end.signal.aborted) return
    this.#end.abort(error)
    this.#channel.port1.close()
    this.#deps.link.close()
    this.#deps.ended(error)
  }
}

/** The answer to `bye` does not matter: it is cut off by the end that it announces. */
function ignoreEnd(): void {}
