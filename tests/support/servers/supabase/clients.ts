import {
  createClient,
  type RealtimeChannel,
  type SupabaseClient,
  type SupabaseClientOptions,
} from '@supabase/supabase-js'
import { WebSocket } from 'ws'
import type { SupabaseServer } from './supabase-server.ts'

type RealtimeOptions = NonNullable<SupabaseClientOptions<'public'>['realtime']>

/** What a channel told its `subscribe` callback, in order. */
export interface Statuses {
  readonly seen: readonly { readonly status: string; readonly error: Error | undefined }[]
  /** Resolves when it has told this one for the nth time, the first if nothing is said. */
  reached(status: string, times?: number): Promise<void>
}

/** Real clients of a server. Node has no WebSocket of its own before version 22. */
export class Clients {
  readonly #open: SupabaseClient[] = []

  create(server: SupabaseServer, realtime: RealtimeOptions = {}): SupabaseClient {
    const client = createClient(server.url, server.anonKey, {
      auth: { persistSession: false, autoRefreshToken: false },
      realtime: { transport: WebSocket as never, reconnectAfterMs: () => 20, ...realtime },
    })
    this.#open.push(client)
    return client
  }

  /** A client that joins with this token. */
  async createSignedIn(server: SupabaseServer, token: string): Promise<SupabaseClient> {
    const client = this.create(server)
    // A channel that is joined before this is done joins without the token.
    await client.realtime.setAuth(token)
    return client
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.splice(0).map(client => client.realtime.disconnect()))
  }
}

/** Subscribes and notes what comes of it. */
export function subscribe(channel: RealtimeChannel): Statuses {
  const seen: { status: string; error: Error | undefined }[] = []
  const waiting = new Set<() => void>()
  channel.subscribe((status, error) => {
    seen.push({ status, error })
    for (const look of waiting) look()
  })
  return {
    seen,
    reached: (status, times = 1) =>
      new Promise(resolve => {
        const look = (): void => {
          if (seen.filter(entry => entry.status === status).length < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Subscribes and resolves when the server has let it in. */
export async function joined(channel: RealtimeChannel): Promise<RealtimeChannel> {
  await subscribe(channel).reached('SUBSCRIBED')
  return channel
}
