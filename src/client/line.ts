import {
  PartylineError,
  type ChannelParams,
  type Stats,
  type StatusName,
  type StatusReason,
} from '../protocol/index.ts'
import type { Attachment } from './attachment.ts'
import { baseLine, type BaseLine, type LineOptions } from './base-line.ts'
import { ClientChannel } from './channel.ts'
import type { HostChoice } from './hosts/host-choice.ts'
import { ClientOutbox } from './outbox.ts'
import { staleEpoch } from './retryable.ts'
import type { Subscription } from './subscription.ts'
import type { HostName, Line, LineEvents, ListenOptions } from './types.ts'

/** A tab's line as an app holds it. */
export class ClientLine implements Line {
  readonly outbox: ClientOutbox
  readonly #line: BaseLine
  readonly #channels = new Map<Subscription, ClientChannel>()

  constructor(hosts: HostChoice, options: LineOptions) {
    this.outbox = new ClientOutbox({
      ask: async request => this.#attachment().call('outbox', epoch => [epoch, request]),
      watched: () => void this.#line.tell({ op: 'watch-outbox' }),
    })
    this.#line = baseLine(hosts, options, this.outbox)
  }

  get scope(): string {
    return this.#line.scope
  }

  get host(): HostName {
    return this.#line.host
  }

  get status(): StatusName {
    return this.#line.status.status
  }

  get reason(): StatusReason | undefined {
    return this.#line.status.reason
  }

  get degraded(): boolean {
    return this.#line.status.degraded === true
  }

  channel(name: string, params?: ChannelParams): ClientChannel {
    const address = { name, params }
    const subscription = this.#line.channel(address)
    const channel = this.#channels.get(subscription) ?? new ClientChannel(address, subscription, this.#line)
    this.#channels.set(subscription, channel)
    return channel
  }

  on<Type extends keyof LineEvents>(
    type: Type,
    listener: (event: LineEvents[Type]) => void,
    options?: ListenOptions,
  ): () => void {
    if (type !== 'status') throw new PartylineError('bad-options', `a line has the event status, not ${String(type)}`)
    return this.#line.statusChanges.on(listener, options)
  }

  async stats({ signal }: ListenOptions = {}): Promise<Stats> {
    signal?.throwIfAborted()
    return this.#attachment().call('stats', undefined, signal) as Promise<Stats>
  }

  async forget(): Promise<void> {
    try {
      await this.#attachment().call('forget')
    } catch (error) {
      // Where the end itself is heard before the answer.
      if ((error as PartylineError).code !== 'forgotten') throw error
    }
  }

  #attachment(): Attachment {
    const { closed, attachment } = this.#line
    closed.throwIfAborted()
    if (attachment) return attachment
    throw staleEpoch()
  }

  reconnect(): void {
    this.#line.reconnect()
  }

  close(): void {
    this.#line.close()
  }
}
