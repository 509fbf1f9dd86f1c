import { startBroker } from 'partyline/worker'
import { supabase } from 'partyline/worker/supabase'

/** By the build. */
declare const SUPABASE_URL: string
declare const SUPABASE_KEY: string

startBroker({ transport: supabase({ url: SUPABASE_URL, key: SUPABASE_KEY }) })
