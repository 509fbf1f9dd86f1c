import { measure } from '../../lib/index.ts'
import type { Announce, Hello, Item, Lease } from '../../protocol/index.ts'
import type { Port } from '../host.ts'
import type { CredentialSource } from '../upstream/credentials.ts'
import type { AuthorisationRequest } from '../upstream/transport.ts'
import type { FrameSender } from './frame-sender.ts'

export interface SessionInit {
  readonly id: string
  readonly hello: Hello
  readonly sender: FrameSender
  readonly data: Port
  /** On the broker's clock. */
  readonly now: number
}

/** What the broker says to a tab unasked when it lets it go. */
export type Farewell = Pick<Announce, 'error' | 'moved'>

/** One attached tab, as the broker sees it. */
export class Session implements CredentialSource {
  readonly id: string
  readonly tabId: string
  readonly sender: FrameSender
  #data: Port
  #hello: Hello
  /** On the broker's clock. */
  attachedAt: number
  /** When the tab was last heard of, on the broker's clock. */
  heardAt: number
  /** When the tab last had the focus, on the broker's clock; -1 while it has not had it. */
  focusedAt: number
  visible: boolean
  /** No task of the page runs, though it was not suspended. */
  frozen = false
  #lease: Lease
  /** Since when it has this lease, on the broker's clock. */
  leaseAt: number
  /** Since when the page is in the back/forward cache, on the broker's clock. */
  suspendedAt: number | undefined
  /** Of the messages that the tab has asked to publish. */
  lastPublishId = 0
  /** Of these, the ones that were refused and not asked again. */
  readonly refusedPublishes = new Set<number>()
  /** Called when the broker has let the tab go without its asking. */
  dismissed: (farewell: Farewell) => void = () => {}
  #isClosed = false

  constructor({ id, hello, sender, data, now }: SessionInit) {
    this.id = id
    this.tabId = hello.tabId
    this.sender = sender
    this.#data = data
    this.#hello = hello
    this.attachedAt = now
    this.heardAt = now
    this.focusedAt = hello.focused ? now : -1
    this.visible = hello.visible
    this.#lease = hello.lease
    this.leaseAt = now
  }

  get lease(): Lease {
    return this.#lease
  }

  setLease(lease: Lease, now: number): void {
    this.#lease = lease
    this.leaseAt = now
  }

  get hello(): Hello {
    return this.#hello
  }

  /** The broker has let the tab go, with or without its asking. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get hasCredentials(): boolean {
    return this.suspendedAt === undefined && this.#hello.hasCredentials
  }

  /** The port of the present attachment. */
  get data(): Port {
    return this.#data
  }

  /** Nothing is posted to the tab before it comes back. */
  suspend(now: number): void {
    this.suspendedAt = now
    this.visible = false
    // The page gives up its lock, which would keep it out of the cache.
    this.setLease({ kind: 'silence' }, now)
    this.sender.suspend()
  }

  /** The tab is back, on another port. Its frames follow with {@link FrameSender.resume}. */
  resume(hello: Hello, data: Port, now: number): void {
    if (data !== this.#data) this.#data.close()
    this.#data = data
    this.#hello = hello
    this.attachedAt = now
    this.heardAt = now
    if (hello.focused) this.focusedAt = now
    this.visible = hello.visible
    this.frozen = false
    this.setLease(hello.lease, now)
    this.suspendedAt = undefined
  }

  askCredentials(id: number, request?: AuthorisationRequest): void {
    this.send({ type: 'credentials-wanted', id, ...(request === undefined ? {} : { request }) })
  }

  /** For what concerns this tab alone; events for many go through {@link sender} as one shared object. */
  send(item: Item): void {
    this.sender.send({ item, bytes: measure(item).bytes })
  }

  /** Nothing reaches the tab any more. */
  close(): void {
    this.#isClosed = true
    this.#data.close()
  }
}
