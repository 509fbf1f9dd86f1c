import { PartylineError } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import {
  toUpstreamError,
  UpstreamError,
  type BatchResult,
  type TransportLink,
  type UpstreamMessage,
} from '../upstream/transport.ts'
import type { BatchOptions } from './outbox-options.ts'

export interface OutboundDeps {
  readonly host: BrokerHost
  readonly link: TransportLink
  /** `undefined`: each message by itself, at once. */
  readonly batch: Required<BatchOptions> | undefined
}

interface Gathered {
  readonly message: UpstreamMessage
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
      const gathered = { message, resolve, reject }
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
    if (gathered.length > 0) void this.#send(gathered)
  }

  async #send(gathered: readonly Gathered[]): Promise<void> {
    try {
      const messages = gathered.map(({ message }) => message)
      const results = await this.#deps.link.publishBatch?.(messages, new AbortController().signal)
      for (const [index, one] of gathered.entries()) settle(one, results?.[index])
    } catch (error) {
      for (const { reject } of gathered) reject(toUpstreamError(error))
    }
  }
}

function settle({ resolve, reject }: Gathered, result: BatchResult | undefined): void {
  if (result === undefined) reject(new UpstreamError('network', 'the server said nothing of this message'))
  else if (result.ok) resolve(result.reply)
  else reject(result.error)
}
