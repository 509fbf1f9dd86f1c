/** `npm run server:supabase`: a Supabase-compatible server. Options go to tests/support/servers/supabase/main.mjs. */
import './setup/check-node.mjs'
import { ClearFailure, runMain } from './lib/clear-failure.mjs'
import { whyTaken } from './lib/free-port.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { parseServerOptions } from './lib/server-options.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'
import { ensurePostgres } from './setup/ensure-postgres.mjs'

await runMain(async () => {
  const args = process.argv.slice(2)
  const { port, database } = parseServerOptions('supabase', args, { takesDatabase: true })
  const taken = await whyTaken(port)
  if (taken !== undefined) throw new ClearFailure(taken)
  await ensurePackages()
  // Who names a database has one.
  if (database === undefined) await ensurePostgres()
  const main = inRoot('tests/support/servers/supabase/main.mjs')
  const { code } = await runNode(main, args, { live: true })
  return code
})
