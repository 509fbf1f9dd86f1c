import { brokersChannel } from '../../protocol/index.ts'

export interface BrokerChannelsDeps {
  /** The line of this scope ends. */
  forget(scope: string): void
  /** The outbox of this scope has changed. */
  outboxChanged(scope: string): void
  /** A broker has wiped what it can of this scope. */
  wiped(scope: string): void
}

/** Where the service worker hears the brokers of the scopes that its pages have. It does not keep it alive. */
export class BrokerChannels {
  readonly #deps: BrokerChannelsDeps
  readonly #channels = new Map<string, BroadcastChannel>()

  constructor(deps: BrokerChannelsDeps) {
    this.#deps = deps
  }

  get scopes(): readonly string[] {
    return [...this.#channels.keys()]
  }

  /** Idempotent. */
  open(scope: string): void {
    if (this.#channels.has(scope)) return
    const channel = new BroadcastChannel(brokersChannel(scope))
    this.#channels.set(scope, channel)
    channel.addEventListener('message', ({ data }) => {
      const { type } = Object(data) as { readonly type?: unknown }
      if (type === 'forget') this.#deps.forget(scope)
      if (type === 'outbox') this.#deps.outboxChanged(scope)
      if (type === 'wiped') this.#deps.wiped(scope)
    })
    this.#tellRules(channel)
  }

  /** The service worker has put something into the outbox of this scope, or taken something out. */
  tellOutbox(scope: string): void {
    this.#channels.get(scope)?.postMessage({ type: 'outbox' })
  }

  /** Idempotent. */
  close(scope: string): void {
    this.#channels.get(scope)?.close()
    this.#channels.delete(scope)
  }

  /** What makes answers stale may have changed. */
  tellRules(): void {
    for (const channel of this.#channels.values()) this.#tellRules(channel)
  }

  #tellRules(channel: BroadcastChannel): void {
    channel.postMessage({ type: 'rules' })
  }
}
