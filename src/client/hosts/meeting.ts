import { deferred } from '../../lib/index.ts'
import { fromWireError, isAnnounce, PartylineError, type BrokerAddress } from '../../protocol/index.ts'
import { linkNames, meetingNames, parseMeeting, type Gone, type Knock } from '../../protocol/meeting.ts'
import { randomId } from '../random-id.ts'
import { announceEnd } from './announce-end.ts'
import type { HostLink, TabPort } from './host.ts'

/** Where a tab finds the broker that runs in another tab, and hears that it was replaced. */
export class Meeting {
  readonly #address: BrokerAddress
  readonly #channel: BroadcastChannel
  readonly #links = new Set<FollowerLink>()

  constructor(address: BrokerAddress) {
    this.#address = address
    this.#channel = new BroadcastChannel(meetingNames(address).meeting)
    this.#channel.addEventListener('message', ({ data }) => {
      const message = parseMeeting(data)
      if (message?.type === 'here') this.here(message.epoch)
    })
  }

  /** Resolves once a broker has announced itself on the link, which may be long, and until `done` aborts. */
  link(done: AbortSignal): Promise<HostLink> {
    const link = new FollowerLink(this.#address, {
      knock: knock => this.#channel.postMessage(knock),
      closed: () => this.#links.delete(link),
    })
    this.#links.add(link)
    done.addEventListener('abort', () => link.isAnnounced || link.close())
    link.knock()
    return link.announced
  }

  /** The broker of this epoch is the one: links to it are asked for (again), those to any other are dead. */
  here(epoch: string): void {
    for (const link of this.#links) link.here(epoch)
  }

  /** Closes all links as well. Idempotent. */
  close(): void {
    for (const link of this.#links) link.close()
    this.#channel.close()
  }
}

interface FollowerLinkDeps {
  knock(knock: Knock): void
  closed(): void
}

/** The tab's ends of one link. */
class FollowerLink implements HostLink {
  readonly control: LinkPort
  readonly data: TabPort
  readonly #deps: FollowerLinkDeps
  readonly #knock: Knock = { type: 'knock', link: randomId() }
  readonly #announced = deferred<HostLink>()
  readonly #failed = deferred<PartylineError>()
  #epoch: string | undefined

  constructor(address: BrokerAddress, deps: FollowerLinkDeps) {
    const names = linkNames(address, this.#knock.link)
    this.#deps = deps
    this.control = linkPort(names.control)
    this.data = linkPort(names.data)
    this.control.addEventListener('message', ({ data }) => this.#heard(data))
  }

  /** Rejects with what the broker could not start for. */
  get announced(): Promise<HostLink> {
    return this.#announced.promise
  }

  get isAnnounced(): boolean {
    return this.#epoch !== undefined
  }

  /** Also for one that is not listening yet when its broker goes. */
  get failed(): Promise<PartylineError> {
    return this.#failed.promise
  }

  knock(): void {
    this.#deps.knock(this.#knock)
  }

  here(epoch: string): void {
    if (this.#epoch === undefined) return this.knock()
    if (this.#epoch === epoch) return
    const error = new PartylineError('stale-epoch', 'another tab runs the broker now', { retryable: true })
    this.#failed.resolve(error)
    announceEnd(this.control, error)
  }

  close(): void {
    this.control.postMessage({ type: 'partyline:gone' } satisfies Gone)
    this.control.close()
    this.data.close()
    this.#deps.closed()
  }

  #heard(message: unknown): void {
    if (this.#epoch !== undefined || !isAnnounce(message)) return
    this.#epoch = message.epoch
    if (message.error === undefined) return this.#announced.resolve(this)
    this.close()
    this.#announced.reject(fromWireError(message.error))
  }
}

type LinkPort = TabPort & EventTarget

/** Once closed, a channel throws where a port swallows what is posted. */
function linkPort(name: string): LinkPort {
  const channel = new BroadcastChannel(name)
  const [post, close] = [channel.postMessage.bind(channel), channel.close.bind(channel)]
  let isOpen = true
  return Object.assign(channel, {
    postMessage(message: unknown) {
      if (isOpen) post(message)
    },
    close() {
      isOpen = false
      close()
    },
  })
}
