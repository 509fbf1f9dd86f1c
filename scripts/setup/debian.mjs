import { readFileSync } from 'node:fs'
import { run } from '../lib/run.mjs'

/**
 * Installs packages where this is root on Debian; elsewhere does nothing. What came of it, the caller sees by looking.
 * @param {readonly string[]} packages
 */
export async function installFromDebian(packages) {
  if (!isRootOn('debian')) return
  console.log(`Installing Debian's ${packages.length === 1 ? 'package' : 'packages'} ${packages.join(', ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env })
}

/** @param {string} system an ID of /etc/os-release */
export function isRootOn(system) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    return new RegExp(`^ID="?${system}"?$`, 'm').test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
