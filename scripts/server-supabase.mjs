/** `npm run server:supabase`: a Supabase-compatible server. Options go to tests/support/servers/supabase/main.mjs. */
import './setup/check-node.mjs'
import { runMain } from './lib/clear-failure.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { parseServerOptions } from './lib/server-options.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'
import { ensurePostgres } from './setup/ensure-postgres.mjs'

await runMain(async () => {
  const args = process.argv.slice(2)
  const { database } = parseServerOptions('supabase', args, { takesDatabase: true })
  await ensurePackages()
  // Who names a database has one.
  if (database === undefined) await ensurePostgres()
  const main = inRoot('tests/support/servers/supabase/main.mjs')
  const { code } = await runNode(main, args, { live: true })
  return code
})
