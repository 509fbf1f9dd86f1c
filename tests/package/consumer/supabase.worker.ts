import { startBroker } from 'partyline/worker'
import { supabase, type SupabaseChannelParams, type SupabaseOptions } from 'partyline/worker/supabase'

const options: SupabaseOptions = { url: 'https://abc.supabase.co', key: 'key', heartbeatMs: 20_000 }

export const params: SupabaseChannelParams = {
  changes: [{ event: 'INSERT', table: 'orders', filter: 'status=eq.open', select: ['id'] }],
  broadcast: { self: true, ack: false },
  presence: { key: 'ann' },
  private: true,
}

startBroker({ transport: supabase(options) })
