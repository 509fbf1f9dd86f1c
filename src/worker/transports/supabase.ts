import type { Capabilities, Transport } from '../upstream/transport.ts'
import { SupabaseLink } from './supabase-link.ts'
import type { SupabaseOptions } from './supabase-options.ts'

export type {
  ExistingRealtime,
  SupabaseExisting,
  SupabaseOptions,
  SupabaseProject,
  SupabaseSettings,
} from './supabase-options.ts'
export type { RowPayload } from './supabase-rows.ts'
export type { SupabaseChange, SupabaseChannelParams } from './supabase-wish.ts'

const CAPABILITIES: Partial<Capabilities> = {
  acknowledgement: true,
  presence: 'own',
  filters: true,
  binary: true,
  ping: true,
  renewal: true,
}

/**
 * The way upstream over Supabase Realtime: broadcast, presence and row changes. What several tabs want of one topic is
 * had in one join.
 *
 * Options that cannot be right become `bad-options` in every tab.
 *
 * @example
 * startBroker({ transport: supabase({ url: 'https://abc.supabase.co', key: 'public key' }) })
 */
export function supabase(options: SupabaseOptions): Transport {
  return { name: 'supabase', capabilities: CAPABILITIES, create: sink => new SupabaseLink(options, sink) }
}
