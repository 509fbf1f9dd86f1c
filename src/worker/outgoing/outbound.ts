import { PartylineError } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { BatchedMessage, TransportLink, UpstreamMessage } from '../upstream/transport.ts'
import type { BatchOptions } from './outbox-options.ts'

export interface OutboundDeps {
  readonly host: BrokerHost
  readonly link: TransportLink
  /** `undefined`: each message by itself, at once. */
  readonly batch: Required<BatchOptions> | undefined
}

interface Gathered {
  readonly message: BatchedMessage
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The way out for all messages: one by one, or gathered for a moment and sent as one. */
export class Outbound {
  readonly #deps: OutboundDeps
  #gathered: Gathered[] = []
  #cancelTimer = (): void => {}

  /** @throws PartylineError `bad-options` where the transport cannot send several messages as one */
  constructor(deps: OutboundDeps) {
    this.#deps = deps
    if (deps.batch !== undefined && deps.link.publishBatch === undefined)
      throw new PartylineError(
        'bad-options',
        "startBroker's batch needs a transport that can send several messages as one, such as socketIo({ batchEvent })",
      )
  }

  /**
   * As {@link TransportLink.publish}; what is gathered counts as handed over. A signal that aborts before it was sent
   * takes it out again.
   */
  publish(message: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
    const { host, link, batch } = this.#deps
    if (batch === undefined) return link.publish(message, signal)
    return new Promise((resolve, reject) => {
      const gathered = { message: { ...message, signal }, resolve, reject }
      signal.addEventListener('abort', () => {
        this.#gathered = this.#gathered.filter(one => one !== gathered)
        reject(signal.reason as Error)
      })
      if (this.#gathered.push(gathered) >= batch.maxEvents) this.flush()
      else if (this.#gathered.length === 1) this.#cancelTimer = host.setTimer(batch.maxDelayMs, () => this.flush())
    })
  }

  /** Sends now what is gathered: somebody is about to leave. */
  flush(): void {
    this.#cancelTimer()
    const gathered = this.#gathered.splice(0)
    if (gathered.length > 0) this.#send(gathered)
  }

  #send(gathered: readonly Gathered[]): void {
    const { link } = this.#deps
    try {
      const replies = link.publishBatch?.(gathered.map(({ message }) => message)) ?? []
      for (const [index, { resolve, reject }] of gathered.entries()) replies[index]?.then(resolve, reject)
    } catch (error) {
      // One that cannot be sent at all must not take its neighbours with it.
      if (error instanceof PartylineError && gathered.length > 1) for (const one of gathered) this.#send([one])
      else for (const { reject } of gathered) reject(error)
    }
  }
}
