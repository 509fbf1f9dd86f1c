/** `npm run demo`: starts the demo's server and page. Options go to demo/server/main.mjs. */
import './setup/check-node.mjs'
import { runMain } from './lib/clear-failure.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'

await runMain(async () => {
  await ensurePackages()
  const { code } = await runNode(inRoot('demo/server/main.mjs'), process.argv.slice(2), { live: true })
  return code
})
