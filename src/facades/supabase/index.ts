import { PartylineError } from '../../client/index.ts'
import { RealtimeClient } from './client.ts'
import type { Options, RealtimeClientOptions } from './types.ts'

export { useWorker } from '../line-for.ts'
export { RealtimeChannel } from './channel.ts'
export { RealtimeClient } from './client.ts'
export { RealtimePresence } from './presence.ts'
export * from './names.ts'
export type * from './types.ts'

/**
 * As `new RealtimeClient(endPoint, options)` of `@supabase/realtime-js`, on the connection that all tabs share.
 *
 * @throws Error without `params.apikey`; TypeError where the address is none
 * @example
 * const realtime = createRealtime('https://abc.supabase.co/realtime/v1', { params: { apikey } })
 */
export function createRealtime(endPoint: string, options?: RealtimeClientOptions): RealtimeClient {
  return new RealtimeClient(endPoint, options)
}

/** What is used of the `realtime` of a client of `@supabase/supabase-js`. */
export interface SharableRealtime {
  readonly endPoint: string
  readonly apiKey: string | null
  readonly accessToken: (() => Promise<string | null>) | null
  readonly timeout: number
  readonly heartbeatIntervalMs: number
  readonly fetch: typeof fetch
  getChannels(): readonly unknown[]
}

/**
 * Puts the shared connection in the place of the client's own, and returns the client. To be called before its first
 * channel; again is as good as once.
 *
 * @throws PartylineError `bad-options` when there are channels already
 * @example
 * export const supabase = shareRealtime(createClient(url, key))
 */
export function shareRealtime<Client extends { realtime: SharableRealtime }>(
  supabase: Client,
  options: Options = {},
): Client {
  const { realtime } = supabase
  if (realtime instanceof RealtimeClient) return supabase
  if (realtime.getChannels().length)
    throw new PartylineError('bad-options', 'shareRealtime is to be called before the first channel')
  const { endPoint, apiKey, accessToken, timeout, heartbeatIntervalMs, fetch } = realtime
  const shared = new RealtimeClient(endPoint.replace(/\/websocket$/, ''), {
    params: { apikey: apiKey },
    accessToken,
    timeout,
    heartbeatIntervalMs,
    fetch,
    ...options,
  })
  supabase.realtime = shared
  return supabase
}
