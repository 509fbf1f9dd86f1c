import type { BaseLine } from '../../client/base-line.ts'

/** What a channel needs of its client. */
export interface ChannelClient {
  readonly address: string
  readonly apiKey: string
  readonly accessTokenValue: string | null
  readonly timeout: number
  readonly fetch: typeof fetch
  /** There is one while a connection is wanted, and whose it is is known. */
  readonly line: BaseLine | undefined
  connect(): void
  isConnected(): boolean
  endpointURL(): string
  log(kind: string, msg: string, data?: unknown): void
  hasLogger(): boolean
  /** For a channel that is over. */
  _remove(channel: { readonly topic: string }): void
}
