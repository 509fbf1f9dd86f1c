import './check-node.mjs'
import { ClearFailure } from '../lib/clear-failure.mjs'
import { npm } from '../lib/npm.mjs'
import { root } from '../lib/paths.mjs'
import { missingPackages } from './missing-packages.mjs'

/**
 * Installs the packages that the lock file names, where any is missing or of another version.
 * Says nothing when all is there.
 * @throws ClearFailure when npm cannot
 */
export async function ensurePackages() {
  const missing = missingPackages(root)
  if (missing.length === 0) return
  console.log(`Installing packages with npm ci (${missing.length} missing or out of date)`)
  // Also where NODE_ENV or npm's configuration would leave out the development ones.
  const { code, output } = await npm(['ci', '--include=dev', '--include=optional'])
  if (code === 0) return
  throw new ClearFailure(`${withoutUsage(output)}\n\n'npm ci' failed, see above. Nothing can run without it.`)
}

/**
 * npm follows what went wrong with a page on how to call it.
 * @param {string} output
 */
const withoutUsage = output => output.split(/(npm error\s*)?^npm error Clean install a project$/m)[0]?.trim() ?? ''
