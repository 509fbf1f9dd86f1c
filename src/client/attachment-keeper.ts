import { fullJitter } from '../lib/index.ts'
import { describe, PartylineError, type Hello, type Item, type Welcome } from '../protocol/index.ts'
import { Attachment } from './attachment.ts'
import type { Host, HostLink } from './hosts/host.ts'

const BACKOFF = { baseMs: 500, maxMs: 15_000 }
/** Another attempt would end the same way. */
const FATAL: ReadonlySet<string> = new Set(['version-mismatch', 'scope-mismatch', 'bad-options'])

export interface AttachmentKeeperDeps {
  readonly host: Host
  readonly scope: string
  readonly attachTimeoutMs: number
  readonly callTimeoutMs: number
  /** What to say to the next broker. */
  hello(): Hello
  attached(attachment: Attachment, welcome: Welcome): void
  items(items: readonly Item[]): void
  /** There is no broker for the moment; another attempt follows by itself. */
  detached(error: PartylineError): void
  /** No attempt will help; nothing follows. */
  failed(error: PartylineError): void
}

/** Keeps the tab attached to a broker: opens one, and another when it is lost. */
export class AttachmentKeeper {
  readonly #deps: AttachmentKeeperDeps
  #current: Attachment | undefined
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(deps: AttachmentKeeperDeps) {
    this.#deps = deps
  }

  /** Also while it waits for the broker's welcome. */
  get current(): Attachment | undefined {
    return this.#current
  }

  /** Opens the worker at once, and attaches when `ready` says that the tab's lease is held. */
  async start(ready: Promise<void>): Promise<void> {
    const link = this.#open()
    await ready
    if (link && this.#closed) link.close()
    else if (link) this.#attach(link)
  }

  /** Does now what the backoff waits for, if it does. */
  retryNow(): void {
    if (this.#timer !== undefined) this.#retry()
  }

  /** Idempotent. */
  close(error: PartylineError): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#current?.close(error)
  }

  #open(): HostLink | undefined {
    const { host, scope } = this.#deps
    try {
      return host.open({ scope, generation: 1 })
    } catch (error) {
      this.#ended(asOpenError(error))
      return undefined
    }
  }

  #retry(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const link = this.#open()
    if (link) this.#attach(link)
  }

  #attach(link: HostLink): void {
    const { attachTimeoutMs, callTimeoutMs, hello, items } = this.#deps
    const attachment = new Attachment({
      link,
      hello: hello(),
      attachTimeoutMs,
      callTimeoutMs,
      items,
      attached: welcome => {
        this.#failures = 0
        this.#deps.attached(attachment, welcome)
      },
      ended: error => this.#ended(error),
    })
    this.#current = attachment
  }

  #ended(error: PartylineError): void {
    this.#current = undefined
    if (this.#closed) return
    if (FATAL.has(error.code)) return this.#deps.failed(error)
    this.#deps.detached(error)
    const delayMs = error.code === 'stale-epoch' ? 0 : fullJitter(++this.#failures, Math.random(), BACKOFF)
    this.#timer = setTimeout(() => this.#retry(), delayMs)
  }
}

/** What the app's own `worker` function threw. */
function asOpenError(error: unknown): PartylineError {
  return error instanceof PartylineError
    ? error
    : new PartylineError('worker-failed', `the worker could not be opened: ${describe(error)}`, {
        retryable: true,
        cause: error,
      })
}
