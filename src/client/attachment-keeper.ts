import { fullJitter } from '../lib/index.ts'
import { PartylineError, type Frame, type Hello } from '../protocol/index.ts'
import { Attachment } from './attachment.ts'
import type { Host, HostLink } from './hosts/host.ts'

const BACKOFF = { baseMs: 500, maxMs: 15_000 }
export interface AttachmentKeeperDeps {
  readonly host: Host
  readonly scope: string
  readonly timeoutMs: number
  /** What to say to the next broker. */
  hello(): Hello
  attached(attachment: Attachment): void
  items(items: Frame['items']): void
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
  async attach(ready?: Promise<void>): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const link = this.#open()
    await ready
    if (this.#closed) link?.close()
    else if (link) this.#current = this.#attachTo(link)
  }

  /** Does now what the backoff waits for, if it does. */
  retryNow(): void {
    if (this.#timer !== undefined) void this.attach()
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
      // The app's own `worker` function threw.
      this.#ended(
        new PartylineError('worker-failed', `no worker; it threw ${String(error)}`, { retryable: true, cause: error }),
      )
      return undefined
    }
  }

  #attachTo(link: HostLink): Attachment {
    const attachment: Attachment = new Attachment({
      ...this.#deps,
      link,
      hello: this.#deps.hello(),
      attached: () => {
        this.#failures = 0
        this.#deps.attached(attachment)
      },
      ended: error => this.#ended(error),
    })
    return attachment
  }

  #ended(error: PartylineError): void {
    this.#current = undefined
    if (this.#closed) return
    if (!error.retryable) return this.#deps.failed(error)
    this.#deps.detached(error)
    // By a listener that just heard of it.
    if (this.#closed) return
    const delayMs = error.code === 'stale-epoch' ? 0 : fullJitter(++this.#failures, Math.random(), BACKOFF)
    this.#timer = setTimeout(() => this.attach(), delayMs)
  }
}
