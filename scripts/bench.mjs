/** `npm run bench -- <name> [options]`: runs bench/<name>.bench.mjs with a Chromium in PARTYLINE_CHROMIUM. */
import './setup/check-node.mjs'
import { existsSync, readdirSync } from 'node:fs'
import { ClearFailure, runMain } from './lib/clear-failure.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { ensureChromium } from './setup/ensure-chromium.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'

const ending = '.bench.mjs'

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2)
  const names = benchNames()
  if (name === undefined || !names.includes(name)) {
    const asked = name === undefined ? 'Which one?' : `There is no bench '${name}'.`
    throw new ClearFailure(`${asked} npm run bench -- <name> [--json FILE]\n${list(names)}`)
  }
  await ensurePackages()
  await ensureChromium()
  const { code } = await runNode(inRoot('bench', `${name}${ending}`), args, { live: true })
  return code
})

function benchNames() {
  const folder = inRoot('bench')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(file => file.endsWith(ending))
    .map(file => file.slice(0, -ending.length))
}

/** @param {readonly string[]} names */
function list(names) {
  return names.length === 0 ? 'There is none in bench yet.' : `Benches: ${names.join(', ')}`
}
