/** `npm run server:supabase`: a Supabase-compatible server. Options go to tests/support/servers/supabase/main.mjs. */
import './setup/check-node.mjs'
import { runMain } from './lib/clear-failure.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'
import { ensurePostgres } from './setup/ensure-postgres.mjs'

await runMain(async () => {
  await ensurePackages()
  const args = process.argv.slice(2)
  // Who names a database has one.
  if (!args.some(arg => arg.startsWith('--database'))) await ensurePostgres()
  const main = inRoot('tests/support/servers/supabase/main.mjs')
  const { code } = await runNode(main, args, { live: true })
  return code
})
