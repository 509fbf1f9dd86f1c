export type { Change, ChangeSource, Column, Row } from './change-source.ts'
export { openPgliteSource } from './pglite-source.ts'
export { openPostgresSource } from './postgres-source.ts'
export {
  startSupabaseServer,
  type JoinRecord,
  type SupabaseServer,
  type SupabaseServerOptions,
} from './supabase-server.ts'
