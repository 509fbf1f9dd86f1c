import { parseCheckpoint, type Checkpoint } from '../../protocol/index.ts'
import type { BrokerHost, PeerChannel } from '../host.ts'
import { compareRank, parseIdentity, type Identity } from './identity.ts'

/** What brokers of one scope, and the service worker, say to each other. No tab listens there: a message would end its stay in the cache. */
export type PeerMessage =
  /** At its start, to a newer one, and after a pause of its own: this broker runs. */
  | { readonly type: 'here'; readonly identity: Identity }
  /** To all: the line of this scope ends in all tabs. */
  | { readonly type: 'forget' }
  /** From the service worker: what makes its answers stale has changed. */
  | { readonly type: 'rules' }
  /** From whoever has put something into the outbox of this scope, or taken something out. */
  | { readonly type: 'outbox' }
  /** To the newer one: the connection is about to be let go. */
  | { readonly type: 'yielding'; readonly to: string; readonly from: string }
  /** To the newer one: the connection is gone, and from here it can be carried on. */
  | {
      readonly type: 'yielded'
      readonly to: string
      readonly from: string
      readonly checkpoint?: Checkpoint | undefined
    }

export interface PeersDeps {
  readonly host: BrokerHost
  readonly identity: Identity
  /** Another broker takes over. Called once; resolves when the connection is gone. */
  yieldTo(newer: Identity): Promise<Checkpoint | undefined>
  /** The line is to end for all tabs. */
  forget(): void
  /** What makes the service worker's answers stale has changed. */
  rulesChanged(): void
  /** The outbox has changed. */
  nudged(): void
  /** An older broker is about to let its connection go. */
  yielding(epoch: string): void
  /** It has. */
  yielded(epoch: string, checkpoint: Checkpoint | undefined): void
}

/** Sees to it that of several brokers of one scope the newest stays, and gets what the others leave. */
export class Peers {
  readonly #deps: PeersDeps
  /** Not there in browsers without channels, nor after `close`: a closed one throws at what is posted. */
  #channel: PeerChannel | undefined
  #hasYielded = false

  constructor(deps: PeersDeps, scope: string) {
    this.#deps = deps
    this.#channel = deps.host.peers?.open(scope, message => this.#heard(message))
    this.announce()
  }

  /** There may be others. */
  get canMeet(): boolean {
    return this.#channel !== undefined
  }

  /** Tells the others that this broker runs; a newer one answers. */
  announce(): void {
    this.#post({ type: 'here', identity: this.#deps.identity })
  }

  /** Tells the others that the line ends. */
  forget(): void {
    this.#post({ type: 'forget' })
  }

  /** Tells the others, and the service worker, that something waits in the outbox, or does not any more. */
  outboxChanged(): void {
    this.#post({ type: 'outbox' })
  }

  /** Idempotent. */
  close(): void {
    this.#channel?.close()
    this.#channel = undefined
  }

  #post(message: PeerMessage): void {
    this.#channel?.post(message)
  }

  #heard(raw: unknown): void {
    try {
      this.#take(raw)
    } catch (error) {
      this.#deps.host.reportError(error)
    }
  }

  #take(raw: unknown): void {
    const { type, identity, to, from, checkpoint } = Object(raw) as { readonly [field: string]: unknown }
    const { identity: own, forget, rulesChanged, nudged, yielding, yielded } = this.#deps
    if (type === 'forget') return forget()
    if (type === 'rules') return rulesChanged()
    if (type === 'outbox') return nudged()
    if (type === 'here') return this.#met(parseIdentity(identity))
    if (to !== own.epoch || typeof from !== 'string') return
    if (type === 'yielding') yielding(from)
    if (type === 'yielded')
      yielded(from, checkpoint === undefined ? undefined : parseCheckpoint(checkpoint, 'checkpoint'))
  }

  #met(other: Identity): void {
    if (other.host !== this.#deps.identity.host) return
    if (compareRank(this.#deps.identity, other) > 0) this.announce()
    else if (!this.#hasYielded) void this.#yieldTo(other)
  }

  async #yieldTo(newer: Identity): Promise<void> {
    this.#hasYielded = true
    const between = { to: newer.epoch, from: this.#deps.identity.epoch }
    this.#post({ type: 'yielding', ...between })
    const { host, yieldTo } = this.#deps
    const checkpoint = await yieldTo(newer).catch((error: unknown) => {
      host.reportError(error)
      return undefined
    })
    this.#post({ type: 'yielded', ...between, checkpoint })
  }
}
