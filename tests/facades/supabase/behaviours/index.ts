import type { Behaviour } from './behaviour.ts'
import { broadcasts } from './broadcasts.ts'
import { clients } from './clients.ts'
import { joins } from './joins.ts'
import { presence } from './presence.ts'
import { rows } from './rows.ts'
import { withSupabase } from './with-supabase.ts'

/** All that is seen with the library and with the face. */
export const behaviours: readonly Behaviour[] = [
  ...clients,
  ...joins,
  ...broadcasts,
  ...presence,
  ...rows,
  ...withSupabase,
]
