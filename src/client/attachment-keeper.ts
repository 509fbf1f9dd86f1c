import { fullJitter } from '../lib/index.ts'
import {
  PartylineError,
  PROTOCOL_VERSION,
  type BrokerScript,
  type Frame,
  type Hello,
  type Lease,
  type Welcome,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import { Attachment } from './attachment.ts'
import { agreeOnGeneration } from './generation.ts'
import type { HostChoice } from './hosts/host-choice.ts'
import type { HostLink } from './hosts/host.ts'
import type { TabLease } from './lease.ts'
import { openWakeUps } from './wake-up.ts'

const BACKOFF = { baseMs: 500, maxMs: 15_000 }
/** Attempts in a row that follow each other at once. */
const AT_ONCE = 3
/** An attachment that lasted so long makes up for the failures before it. */
const STABLE_MS = 3_000
/** How often a tab that waits for a broker looks whether the others have another one. */
const LOOK_MS = 700
/** How often a tab that has replaced a silent broker wakes the others. */
const MAX_CALLS = 3

export interface AttachmentKeeperDeps {
  readonly hosts: HostChoice
  readonly scope: string
  readonly timeoutMs: number
  readonly lease: TabLease
  /** What to say to the next broker. */
  hello(): Omit<Hello, 'lease' | 'session' | 'attempt' | 'protocol' | 'scope'>
  attached(attachment: Attachment, welcome: Welcome, isSameBroker: boolean): void
  items(items: Frame['items']): void
  /** There is no broker for the moment; another attempt follows by itself, at once where it is `isBrief`. */
  detached(error: PartylineError, isBrief: boolean): void
  /** No attempt will help; nothing follows. */
  failed(error: PartylineError): void
}

/** Keeps the tab attached to a broker: opens one, and another when it is lost. */
export class AttachmentKeeper {
  readonly #deps: AttachmentKeeperDeps
  #current: Attachment | undefined
  /** The attempt that is being made, or the attachment that came of it. */
  #attempt = new AbortController()
  #attempts = 0
  #failures = 0
  #attachedAt = 0
  #generation = 1
  #script: BrokerScript | undefined
  #session: Hello['session']
  #epoch: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** How often the other tabs are still to be woken. */
  #calls = 0
  #wakeUps: BroadcastChannel | undefined
  #isClosed = false
  #isCached = false

  constructor(deps: AttachmentKeeperDeps) {
    this.#deps = deps
  }

  /** Also while it waits for the broker's welcome. */
  get current(): Attachment | undefined {
    return this.#current
  }

  /** Also when the page is back from the back/forward cache. */
  async attach(): Promise<void> {
    this.#isCached = false
    this.#wakeUps ??= openWakeUps(this.#deps.scope, () => this.retryNow())
    this.#cancelRetry()
    const attempt = (this.#attempt = new AbortController())
    const { hosts, scope, timeoutMs } = this.#deps
    const { signal } = attempt
    const late = setTimeout(() => attempt.abort(silent(timeoutMs)), timeoutMs)
    const watching = setInterval(() => void this.#lookForNewer(error => attempt.abort(error)), LOOK_MS)
    let opening: Promise<HostLink> | undefined
    try {
      this.#generation = await abortable([signal], () => agreeOnGeneration({ scope, generation: this.#generation }))
      const address = { scope, generation: this.#generation }
      const links = (opening = hosts.open(address, signal, this.#script))
      const [held, link] = await abortable([signal], () => Promise.all([this.takeLease(), links]))
      this.#attachTo(link, { ...this.#deps.hello(), lease: held })
    } catch (error) {
      // One that comes too late is nobody's, and a message on it would end a page's stay in the cache.
      opening?.then(link => link.close()).catch(() => {})
      if (this.#attempt === attempt) this.#ended(toWorkerFailure(error))
    } finally {
      clearTimeout(late)
      clearInterval(watching)
    }
  }

  /** Does now what a timer waits for, as far as there is something to be done. */
  retryNow(): void {
    if (this.#timer !== undefined) void this.attach()
    else if (this.#current) this.#current.check()
    else void this.#lookForNewer(error => this.#attempt.abort(error))
  }

  takeLease(): Promise<Lease> {
    return this.#deps.lease.take({ scope: this.#deps.scope, generation: this.#generation })
  }

  /** The page goes into the back/forward cache, where nothing may reach it; {@link attach} when it is back. */
  suspend(): void {
    this.#isCached = true
    this.#leave('suspend', new PartylineError('stale-epoch', 'the page is in the cache', { retryable: true }))
  }

  /** Idempotent. */
  close(error: PartylineError): void {
    this.#isClosed = true
    this.#leave('bye', error)
  }

  #cancelRetry(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #leave(how: 'bye' | 'suspend', error: PartylineError): void {
    this.#cancelRetry()
    this.#wakeUps?.close()
    this.#wakeUps = undefined
    this.#current?.leave(how, error)
    this.#attempt.abort(error)
    this.#deps.hosts.leave()
  }

  #attachTo(link: HostLink, hello: Pick<Hello, 'lease'> & ReturnType<AttachmentKeeperDeps['hello']>): void {
    const { hosts, scope } = this.#deps
    const attachment: Attachment = new Attachment({
      ...this.#deps,
      link,
      hello: {
        ...hello,
        protocol: PROTOCOL_VERSION,
        scope,
        attempt: ++this.#attempts,
        session: this.#session,
      },
      attached: welcome => {
        hosts.worked()
        this.#attachedAt = performance.now()
        this.#deps.attached(attachment, welcome, welcome.epoch === this.#epoch)
        this.#epoch = welcome.epoch
        this.#wakeOthers()
      },
      moved: script => {
        this.#script = script
        this.#generation = script.generation
      },
      waiting: () => void this.#lookForNewer(error => attachment.end(error)),
      answered: () => this.#wakeOthers(),
      ended: error => {
        this.#session = attachment.session
        this.#ended(error, attachment.wasWelcome)
      },
    })
    this.#current = attachment
  }

  /** At first they ask their broker, the next time they find that it has not answered. */
  #wakeOthers(): void {
    if (this.#calls === 0) return
    this.#calls--
    this.#wakeUps?.postMessage('wake-up')
  }

  /** A broker that is dead does not say so; those who knew it have agreed on another. */
  async #lookForNewer(found: (error: PartylineError) => void): Promise<void> {
    const { scope } = this.#deps
    if ((await agreeOnGeneration({ scope, generation: 1 })) > this.#generation)
      found(new PartylineError('stale-epoch', 'the tabs have another broker', { retryable: true }))
  }

  #ended(error: PartylineError, wasWelcome = false): void {
    this.#current = undefined
    const { hosts, detached, failed } = this.#deps
    if (this.#isClosed) return
    if (wasWelcome && performance.now() - this.#attachedAt > STABLE_MS) this.#failures = 0
    if (this.#isCached) return detached(error, true)
    if (this.#script && this.#script.protocol.major !== PROTOCOL_VERSION.major)
      return failed(
        new PartylineError('update-required', 'the line has a newer version: reload', {
          details: this.#script,
        }),
      )
    if (!error.retryable) return failed(error)
    const isSilent = error.code === 'call-timeout'
    // Dead or hung: no tab will find it under its name again.
    if (isSilent) {
      this.#generation++
      this.#calls = MAX_CALLS
    }
    if (error.code === 'worker-failed' || (isSilent && !wasWelcome && this.#failures > 0)) {
      this.#script = undefined
      hosts.failed()
    }
    const isAtOnce = ++this.#failures <= AT_ONCE
    detached(error, isAtOnce && error.code === 'stale-epoch')
    // By a listener that just heard of it.
    if (this.#isClosed) return
    // Without a timer, which a browser that takes a hidden page for too busy may hold back for minutes.
    if (isAtOnce) return void this.attach()
    this.#timer = setTimeout(() => this.attach(), fullJitter(this.#failures - AT_ONCE, Math.random(), BACKOFF))
  }
}

function silent(timeoutMs: number): PartylineError {
  return new PartylineError('call-timeout', `no broker within ${timeoutMs} ms`, { retryable: true })
}

function toWorkerFailure(error: unknown): PartylineError {
  return error instanceof PartylineError
    ? error
    : new PartylineError('worker-failed', `no worker; it threw ${String(error)}`, { retryable: true, cause: error })
}
