/** `npm run build`: dist from src, from nothing, so that no file of an earlier source stays in the package. */
import './setup/check-node.mjs'
import { rmSync } from 'node:fs'
import { runMain } from './lib/clear-failure.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'

await runMain(async () => {
  await ensurePackages()
  rmSync(inRoot('dist'), { recursive: true, force: true })
  const { code } = await runNode(inRoot('node_modules/typescript/bin/tsc'), ['-b', 'src', '--force'], { live: true })
  return code
})
