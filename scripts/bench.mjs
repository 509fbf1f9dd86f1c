/** `npm run bench -- <name> [options]`: runs bench/<name>.bench.mjs with a Chromium in PARTYLINE_CHROMIUM. */
import './setup/check-node.mjs'
import { readdirSync, readFileSync } from 'node:fs'
import { ClearFailure, runMain } from './lib/clear-failure.mjs'
import { inRoot } from './lib/paths.mjs'
import { runNode } from './lib/run.mjs'
import { ensureChromium } from './setup/ensure-chromium.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'

const ending = '.bench.mjs'

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2)
  const names = benchNames()
  if (name === undefined) {
    console.log(`npm run bench -- <name> [--json FILE]\n\n${list(names)}`)
    return 0
  }
  if (!names.includes(name)) throw new ClearFailure(`There is no bench '${name}'. There are:\n\n${list(names)}`)
  await ensurePackages()
  await ensureChromium()
  const { code } = await runNode(inRoot('bench', `${name}${ending}`), args, { live: true })
  return code
})

function benchNames() {
  return readdirSync(inRoot('bench'))
    .filter(file => file.endsWith(ending))
    .map(file => file.slice(0, -ending.length))
}

/** Each with the line that its file begins with. @param {readonly string[]} names */
function list(names) {
  return names.map(name => `  ${name.padEnd(10)} ${purposeOf(name)}`).join('\n')
}

/** @param {string} name */
function purposeOf(name) {
  const text = readFileSync(inRoot('bench', `${name}${ending}`), 'utf8')
  return /^\/\*\* (.+) \*\//.exec(text)?.[1] ?? ''
}
