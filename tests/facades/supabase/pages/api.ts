import { RealtimeClient, type RealtimeClientOptions } from '@supabase/realtime-js'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { Api, ServerCalls } from '../behaviours/behaviour.ts'

type Create = (address: string, options: RealtimeClientOptions) => RealtimeClient

export interface RunningApi extends Api {
  readonly notes: readonly unknown[][]
  close(): Promise<void>
}

/** Remembers what is seen, in order, and lets a behaviour wait for it. */
export function createApi(
  topic: string,
  { url, key }: { readonly url: string; readonly key: string },
  make: Create,
  share: (supabase: SupabaseClient) => SupabaseClient,
): RunningApi {
  const address = `${url}/realtime/v1`
  const notes: unknown[][] = []
  const clients: RealtimeClient[] = []
  const waiting = new Set<() => void>()
  let isOver = false

  function note(...seen: unknown[]): void {
    if (isOver) return
    notes.push(JSON.parse(JSON.stringify(seen.map(plain)).replaceAll(topic, 'topic')) as unknown[])
    for (const look of waiting) look()
  }

  function noted(name: string, times = 1): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (notes.filter(([first]) => first === name).length < times) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  }

  function keep(client: RealtimeClient): RealtimeClient {
    clients.push(client)
    return client
  }

  return {
    topic,
    address,
    key,
    notes,
    note,
    noted,
    // The original comes back as quickly as the worker of these pages does.
    create: options => keep(make(address, { params: { apikey: key }, reconnectAfterMs: () => 50, ...options })),
    supabase(accessToken) {
      const auth = { persistSession: false, autoRefreshToken: false, storageKey: topic }
      const supabase = share(createClient(url, key, { auth, ...(accessToken && { accessToken }) }))
      keep(supabase.realtime)
      return supabase
    },
    peer: () => keep(new RealtimeClient(address, { params: { apikey: key } })),
    server: new Proxy({} as ServerCalls, {
      get:
        (_target, method) =>
        (...args: unknown[]) =>
          window.callServer(String(method), args),
    }),
    noting: name => seen => note(name, seen),
    async joined(channel) {
      channel.subscribe((status, error) => note(status, ...(error === undefined ? [] : [error])))
      await noted('SUBSCRIBED')
      return channel
    },
    peerJoined: channel =>
      new Promise(resolve => {
        channel.subscribe(status => {
          if (String(status) === 'SUBSCRIBED') resolve(channel)
        })
      }),
    async outcome(name, run) {
      try {
        note(name, await run())
      } catch (error) {
        note(name, error)
      }
    },
    async until(condition) {
      while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 10))
    },
    async close() {
      isOver = true
      await Promise.all(clients.map(client => client.removeAllChannels()))
    },
  }
}

/** What crosses to the test, with errors as what they say. */
function plain(value: unknown): unknown {
  if (value instanceof Error) {
    const cause: unknown = value.cause
    return {
      error: value.message,
      ...(value.name === 'Error' ? {} : { name: value.name }),
      ...(cause === undefined ? {} : { cause: cause instanceof Event ? 'Event' : plain(cause) }),
    }
  }
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] }
  return value === undefined ? 'undefined' : (JSON.parse(JSON.stringify(value, bytesToo)) as unknown)
}

function bytesToo(_name: string, value: unknown): unknown {
  return value instanceof ArrayBuffer ? { bytes: [...new Uint8Array(value)] } : value
}
